// The two ways the page is served: by `highwater serve`, and by a plain static server below a sub-path.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

/** Where the binary is. */
export function binary() {
  const places = [process.env.HIGHWATER_BIN, join(ROOT, 'target/release/highwater'), join(ROOT, 'target/debug/highwater')];
  const found = places.find((place) => place && existsSync(place));
  if (!found) throw new Error('no highwater binary: `cargo build -p highwater`, or name it in HIGHWATER_BIN');
  return found;
}

/** Starts the binary on a free port, with further options of `serve`; resolves to `{ url, stop }`. */
export function startBinary(path, ...options) {
  const child = spawn(path, ['serve', '--port', '0', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let output = '';
    let wanted = false;
    child.on('error', (error) => reject(new Error(`can't start ${path}: ${error.message}`)));
    child.on('exit', (status, signal) => {
      const message = `${path} serve ended with ${signal ?? status}`;
      if (!wanted) console.error(`e2e: ${message}`);
      reject(new Error(message));
    });
    const stop = () => {
      wanted = true;
      child.kill();
    };
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const url = /Listening on (\S+)\n/.exec(output)?.[1];
      if (url) resolve({ url, stop });
    });
  });
}

/** Serves the folder `dist` below `prefix` (`/sub/dir/`), as any static host would; resolves to `{ url, stop }`. */
export async function startStatic(dist, prefix) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const below = path.startsWith(prefix) ? path.slice(prefix.length) || 'index.html' : undefined;
    const body = below && (await readFile(join(dist, below)).catch(() => undefined));
    response.writeHead(body ? 200 : 404, { 'content-type': TYPES[extname(below ?? '')] ?? 'text/plain' });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${prefix}`,
    stop: () => server.closeAllConnections() ?? server.close(),
  };
}
