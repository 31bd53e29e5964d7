/** Markdown as the page shows it: rendered by the server, which escapes raw HTML. */

const COPIED_MS = 1_500;

/** Resolves to what a text looks like, as nodes to insert. */
export async function rendered(markdown) {
  const response = await fetch("/page/render", {
    method: "POST",
    headers: { "Content-Type": "text/plain; charset=utf-8" },
    body: markdown,
  });
  if (!response.ok) throw new Error(`/page/render answered ${response.status}`);
  return fragmentOf(await response.text());
}

/** A text that grows in an element: one request at a time, and next the newest text. */
export class GrowingMarkdown {
  #element;
  #text = "";
  #shown = "";
  #busy = false;

  constructor(element) {
    this.#element = element;
  }

  show(text) {
    this.#text = text;
    if (!this.#busy) this.#render();
  }

  async #render() {
    this.#busy = true;
    while (this.#shown !== this.#text) {
      const text = this.#text;
      // Better unrendered than lost.
      const content = await rendered(text).catch(() => document.createTextNode(text));
      if (content.querySelectorAll) leaveOut(content);
      replaceChanged(this.#element, content);
      this.#shown = text;
    }
    this.#busy = false;
  }
}

export function copyButton(text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    button.textContent = (await copied(text())) ? "Copied" : "Not copied";
    setTimeout(() => (button.textContent = "Copy"), COPIED_MS);
  });
  return button;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text); // there is none where the page is not secure
    return true;
  } catch {
    return false;
  }
}

/** What is hidden from assistive technology must not take the keyboard's focus either. */
function leaveOut(content) {
  content.querySelectorAll("a, pre").forEach((node) => (node.tabIndex = -1));
}

/** What has not changed stays in place, and so does what a reader selected in it. */
function replaceChanged(element, content) {
  const nodes = content.nodeType === Node.TEXT_NODE ? [content] : [...content.childNodes];
  const changed = nodes.findIndex((node, place) => !element.childNodes[place]?.isEqualNode(node));
  const same = changed < 0 ? nodes.length : changed;
  while (element.childNodes.length > same) element.lastChild.remove();
  element.append(...nodes.slice(same));
}

function fragmentOf(html) {
  const template = document.createElement("template");
  template.innerHTML = withoutInlineStyles(html).trim();
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
