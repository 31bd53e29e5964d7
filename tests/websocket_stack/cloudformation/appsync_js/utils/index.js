// What AppSync's runtime has and the npm package only describes.
// https://docs.aws.amazon.com/appsync/latest/devguide/built-in-util-js.html
class Refused extends Error {
  constructor(message, type) {
    super(message);
    this.type = type;
  }
}

export const util = {
  error(message, type) {
    throw new Refused(message, type);
  },
  unauthorized() {
    throw new Refused("Not authorized", "Unauthorized");
  },
};
