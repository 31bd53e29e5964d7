/** The conversation shown. A reply under way is one bubble that grows, and is replaced by the reply's own bubbles. */

import { renderMarkdown } from "./lex.js";

const NEAR_END_PX = 60;

export class Transcript {
  #scroll;
  #log;
  #welcome;
  #ask;
  #following = true;
  #lastTop = 0;

  /** `ask` is called with what the button of a response card says. */
  constructor({ scroll, log, welcome, ask }) {
    this.#ask = ask;
    this.#scroll = scroll;
    this.#log = log;
    this.#welcome = welcome;
    scroll.addEventListener("scroll", () => this.#scrolled());
    const observer = new ResizeObserver(() => this.#following && this.#toEnd());
    observer.observe(scroll); // the question field grows at its cost
    observer.observe(log);
  }

  clear() {
    this.#log.replaceChildren();
    this.#welcome.hidden = false;
  }

  addQuestion(text) {
    const message = bubbleOf("user", "You:");
    message.lastChild.textContent = text;
    this.#add(message);
  }

  addError(sentence) {
    const message = botMessage("error");
    message.lastChild.textContent = sentence;
    this.#add(message);
  }

  /** Hidden from assistive technology, which would read each frame; the reply is announced instead. */
  startReply({ thinking, collapsed }) {
    const message = botMessage("streaming");
    message.ariaHidden = "true";
    message.lastChild.classList.toggle("thinking", thinking);
    message.lastChild.classList.toggle("collapsed", collapsed);
    this.#add(message);
    return message;
  }

  growReply(message, text) {
    message.lastChild.textContent = text;
  }

  async finishReply(message, replies) {
    const contents = await Promise.all(replies.map((reply) => this.#contentOf(reply)));
    const finals = contents.map((content) => {
      const final = botMessage("final");
      final.lastChild.classList.toggle("markdown", typeof content !== "string");
      final.lastChild.append(content);
      return final;
    });
    message.replaceWith(...finals);
  }

  /** What has arrived stays readable, except where the client looked through would drop it. */
  failReply(message, sentence) {
    const { textContent: arrived, classList } = message.lastChild;
    const error = botMessage("error");
    if (arrived && !classList.contains("collapsed")) error.lastChild.append(element("p", "arrived", arrived));
    error.lastChild.append(element("p", "sentence", sentence));
    message.replaceWith(error);
  }

  async #contentOf(reply) {
    return reply.imageResponseCard ? cardOf(reply.imageResponseCard, this.#ask) : textOf(reply);
  }

  #add(message) {
    this.#welcome.hidden = true;
    this.#log.append(message);
    this.#following = true;
  }

  /** The text is followed to its end until the reader scrolls up, and again from when the end is reached. */
  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    this.#following = atEnd || (this.#following && scrollTop >= this.#lastTop);
    this.#lastTop = scrollTop;
  }

  #toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }
}

function botMessage(state) {
  const message = bubbleOf("bot", "Bot:");
  message.lastChild.dataset.state = state;
  return message;
}

/** The speaker's name is for screen readers; sighted readers see it from the bubble's side. */
function bubbleOf(kind, speaker) {
  const message = element("div", "message");
  message.append(element("span", "visually-hidden", speaker), element("div", kind));
  return message;
}

/** A response card. Its picture is a link: the page's security policy fetches nothing from elsewhere. */
function cardOf({ title, subtitle, imageUrl, buttons = [] }, ask) {
  const card = element("div", "card");
  card.append(element("strong", "title", title));
  if (subtitle) card.append(element("span", "subtitle", subtitle));
  if (/^https?:/.test(imageUrl ?? "")) {
    const link = element("a", "picture", "Picture");
    Object.assign(link, { href: imageUrl, target: "_blank", rel: "noopener noreferrer" });
    card.append(link);
  }
  for (const { text, value } of buttons) {
    const button = element("button", "choice", text);
    button.type = "button";
    button.addEventListener("click", () => ask(value));
    card.append(button);
  }
  return card;
}

async function textOf({ contentType, content }) {
  if (contentType !== "CustomPayload") return content;
  try {
    return fragmentOf(await renderMarkdown(content));
  } catch {
    return content; // better unrendered than lost
  }
}

function fragmentOf(html) {
  const template = document.createElement("template");
  template.innerHTML = withoutInlineStyles(html);
  template.content.querySelectorAll("a").forEach((link) => {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  });
  template.content.querySelectorAll("pre").forEach((block) => {
    block.tabIndex = 0; // so that the keyboard can scroll it
  });
  return template.content;
}

/** The page's security policy forbids style attributes, with which markdown-it aligns table cells. */
function withoutInlineStyles(html) {
  return html.replace(/<(t[hd]) style="text-align:(\w+)">/g, '<$1 align="$2">');
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}
