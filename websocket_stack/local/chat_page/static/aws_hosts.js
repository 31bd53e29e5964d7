// Lex Web UI has no setting for the address of the services that it calls. This sends what it
// means for AWS to where the page came from. It runs before any script of the UI.
(() => {
  "use strict";
  const SERVICE = /^(cognito-identity|runtime-v2-lex|polly)\.[a-z0-9-]+\.amazonaws\.com$/;

  function here(address) {
    const url = new URL(address, location.href);
    if (!SERVICE.test(url.hostname)) return address;
    return location.origin + url.pathname + url.search;
  }

  // The UI's SDK builds a Request first; its body could not be taken out of it again.
  const NativeRequest = window.Request;
  window.Request = class extends NativeRequest {
    constructor(input, options) {
      super(input instanceof NativeRequest ? input : here(input), options);
    }
  };

  const nativeFetch = window.fetch;
  window.fetch = (input, options) =>
    nativeFetch.call(window, input instanceof NativeRequest ? input : here(input), options);

  const nativeOpen = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function open(method, address, ...rest) {
    return nativeOpen.call(this, method, here(address), ...rest);
  };
})();
