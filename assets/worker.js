// The app's own module once more, in a worker. The page sends the compiled module and the address of its script; from
// then on Rust listens (web/src/worker).
self.onmessage = async ({ data: { script, module } }) => {
  self.onmessage = null;
  try {
    const { default: start } = await import(script);
    await start({ module_or_path: module });
  } catch (error) {
    self.postMessage(JSON.stringify({ Died: { what: String(error) } }));
  }
};
