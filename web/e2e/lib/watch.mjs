// Notes everything that a clean page must not do. A refused style or script shows up as a console error too.

/** Returns the growing list of complaints about `context`: errors in the console, exceptions, requests elsewhere. */
export function watch(context) {
  const complaints = [];
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => complaints.push(`exception: ${error.error().message}`));
  context.on('request', (request) => {
    if (!isLocal(request.url())) complaints.push(`request to elsewhere: ${request.url()}`);
  });
  return complaints;
}

function isLocal(address) {
  const { protocol, hostname } = new URL(address);
  return protocol === 'data:' || protocol === 'blob:' || hostname === '127.0.0.1';
}
