// The data source hands back what it is given, and AppSync hands that to the subscribers.
export function request(ctx) {
  return { payload: ctx.args };
}

export function response(ctx) {
  return ctx.result;
}
