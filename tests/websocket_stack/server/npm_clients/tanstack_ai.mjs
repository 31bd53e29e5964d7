/** TanStack AI's own client against a server: node tanstack_ai.mjs URL SCENARIO */

import { ChatClient, webSocket } from "@tanstack/ai-client";

import { CuttableSocket, count, cut, report } from "./sockets.mjs";

const [url, scenario] = process.argv.slice(2);

function newClient(onChange = () => {}) {
  let error = null;
  const client = new ChatClient({
    connection: webSocket(url, { WebSocketImpl: CuttableSocket }),
    threadId: "thread-of-tanstack-ai-1",
    onMessagesChange: (messages) => onChange(textOf(messages)),
    onError: (raised) => (error = raised.message),
  });
  return { client, error: () => error };
}

function textOf(messages) {
  const last = messages.at(-1);
  if (last?.role !== "assistant") return "";
  return last.parts.map((part) => part.content ?? part.text ?? "").join("");
}

/** Calls back once, when there is so much text. */
function once(length, callback) {
  let isDue = true;
  return (text) => {
    if (isDue && text.length > length) {
      isDue = false;
      callback();
    }
  };
}

const scenarios = {
  async ask() {
    const { client, error } = newClient();
    await client.sendMessage("long");
    return { text: textOf(client.getMessages()), error: error() };
  },

  async again() {
    const { client, error } = newClient();
    await client.sendMessage("echo one");
    await client.sendMessage("echo two");
    const texts = client.getMessages().filter((message) => message.role === "assistant");
    return { texts: texts.map((message) => textOf([message])), error: error(), sockets: count() };
  },

  async abort() {
    const { client, error } = newClient(once(20, () => client.stop()));
    await client.sendMessage("long");
    const text = textOf(client.getMessages());
    await client.sendMessage("echo more");
    return { text, next: textOf(client.getMessages()), error: error() };
  },

  async cut() {
    const { client, error } = newClient(once(20, cut));
    await client.sendMessage("long");
    return { text: textOf(client.getMessages()), error: error(), sockets: count() };
  },

  async error() {
    const { client, error } = newClient();
    await client.sendMessage("fail");
    return { text: textOf(client.getMessages()), error: error() };
  },

  async heartbeats() {
    const { client, error } = newClient();
    await client.sendMessage("slow");
    return { text: textOf(client.getMessages()), error: error() };
  },
};

report(await scenarios[scenario]());
