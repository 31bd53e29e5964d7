// Run one function of a resolver as AppSync does: node run.mjs FILE request|response CONTEXT
const [file, name, context] = process.argv.slice(2);
const resolver = await import(file);
try {
  console.log(JSON.stringify({ value: resolver[name](JSON.parse(context)) }));
} catch (error) {
  if (!error.type) throw error;
  console.log(JSON.stringify({ error: { type: error.type, message: error.message } }));
}
