/** What the local stack says of itself, and of what happened in its functions. */

/** Resolves to the stack's model, bot, suggestions and names. */
export async function about() {
  return json("/page/about");
}

/** Resolves to the number of the last invocation, and to those after one. */
export async function invocations(after = "") {
  return json(`/page/invocations?after=${after}`);
}

async function json(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}
