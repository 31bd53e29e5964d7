import { util } from '@aws-appsync/utils';

// Where clients sign with IAM too, a policy may allow them more fields than they are to call.
export function request(ctx) {
  if (!ctx.identity.userArn.includes(':assumed-role/${ChatRole}/')) {
    util.unauthorized();
  }
  return { payload: ctx.args };
}

export function response(ctx) {
  return ctx.result;
}
