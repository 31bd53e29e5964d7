/** The AI SDK's own transport against a server: node ai_sdk.mjs URL SCENARIO */

import { readUIMessageStream, WebSocketChatTransport } from "ai";

import { CuttableSocket, cut, report } from "./sockets.mjs";

const [url, scenario] = process.argv.slice(2);
const newTransport = (options = {}) => new WebSocketChatTransport({ url, webSocket: CuttableSocket, ...options });
const transport = newTransport();
const chatId = "chat-of-the-ai-sdk-0001";

const question = (text) => ({ id: `m-${text}`, role: "user", parts: [{ type: "text", text }] });

const send = (text, options = {}) =>
  transport.sendMessages({ chatId, trigger: "submit-message", messages: [question(text)], ...options });

/** Reads to the end, and calls back once there is some text; returns the text, and how it ended. */
async function read(stream, begun = () => {}) {
  let text = "";
  let isDue = true;
  const reader = stream.getReader();
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      text += step.value.delta ?? "";
      if (isDue && text.length > 20) {
        isDue = false;
        begun();
      }
    }
    return { text, ended: "end" };
  } catch (error) {
    return { text, ended: error.message };
  }
}

const scenarios = {
  async ask() {
    let message;
    for await (message of readUIMessageStream({ stream: await send("long") }));
    return { text: message.parts.map((part) => part.text).join(""), metadata: message.metadata };
  },

  async five() {
    const streams = await Promise.all([0, 1, 2, 3, 4].map((n) => send(`echo ${n}`, { chatId: `${chatId}-${n}` })));
    const replies = await Promise.all(streams.map((stream) => read(stream)));
    return replies.map((reply) => reply.text);
  },

  async abort() {
    const controller = new AbortController();
    const stream = await send("long", { abortSignal: controller.signal });
    const { text } = await read(stream, () => controller.abort());
    const next = await read(await send("echo more"));
    return { text, next: next.text };
  },

  async cut() {
    const first = await read(await send("long"), cut);
    const second = await read(await transport.reconnectToStream({ chatId }));
    return { first: first.text, cut: first.ended, text: second.text };
  },

  async reload() {
    const first = await read(await send("long"), cut);
    const stream = await newTransport().reconnectToStream({ chatId });
    return { seen: first.text.length, ...(await read(stream)) };
  },

  async unknown() {
    return { stream: await transport.reconnectToStream({ chatId: "chat-that-never-was-1" }) };
  },

  async error() {
    return read(await send("fail"));
  },

  async heartbeats() {
    return read(await send("slow"));
  },

  async token() {
    const known = newTransport({ headers: { Authorization: `Bearer ${process.env.TOKEN}` } });
    const options = { chatId, trigger: "submit-message", messages: [question("echo hi")] };
    const refused = await read(await transport.sendMessages(options));
    const answered = await read(await known.sendMessages(options));
    return { refused: refused.ended, answered: answered.text };
  },
};

report(await scenarios[scenario]());
