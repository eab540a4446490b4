// Unpacks the headless Chromium of @sparticuz/chromium. Usage: unpack.mjs NODE_MODULES TARGET; prints what to start.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

const [modules, target] = process.argv.slice(2);
const packed = (name) => brotliDecompressSync(readFileSync(join(modules, '@sparticuz/chromium/bin', `${name}.br`)));

mkdirSync(target, { recursive: true });
// Its libraries and the software renderer lie beside it; fonts only for a machine that has none.
for (const archive of ['al2023.tar', 'swiftshader.tar', 'fonts.tar']) {
  execFileSync('tar', ['-x', '-C', target], { input: packed(archive) });
}
writeFileSync(join(target, 'chromium'), packed('chromium'), { mode: 0o755 });
writeFileSync(
  join(target, 'fonts.conf'),
  `<?xml version="1.0"?>
<fontconfig><dir>${target}/fonts</dir><cachedir>${target}/fonts-cache</cachedir></fontconfig>
`,
);
const start = join(target, 'start');
writeFileSync(
  start,
  `#!/bin/sh
here=$(dirname "$0")
export LD_LIBRARY_PATH="$here/lib"
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_PATH="$here"
exec "$here/chromium" "$@"
`,
  { mode: 0o755 },
);
console.log(start);
