/** The question field: keys, growth with the text, and the count of characters near the limit. */

const COUNT_FROM = 900; // below, the limit is far away

export class Composer {
  #field;
  #send;
  #length;
  #limit;
  #ask;
  #lastQuestion = "";

  /**
   * `ask(text)` is called with each question that is sent; the text stays in the field until `taken`.
   * `limit()` is how many characters one may have.
   */
  constructor({ form, field, send, length, limit, ask }) {
    this.#field = field;
    this.#send = send;
    this.#length = length;
    this.#limit = limit;
    this.#ask = ask;
    form.addEventListener("submit", (event) => this.#submitted(event));
    field.addEventListener("keydown", (event) => this.#keyPressed(event));
    field.addEventListener("input", () => this.#changed());
    this.#changed(); // a reload may have kept text
  }

  set busy(busy) {
    this.#send.disabled = busy;
  }

  taken(question) {
    this.#lastQuestion = question;
    this.#write("");
    this.focus(); // not left on a button that is now disabled or gone
  }

  /** Gives a question back that got no reply, unless the next one is already being written. */
  giveBack(question) {
    if (!this.#field.value) this.#write(question);
  }

  focus() {
    this.#field.focus();
  }

  #submitted(event) {
    event.preventDefault();
    this.#ask(this.#field.value);
    this.focus();
  }

  #keyPressed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#ask(this.#field.value);
    } else if (event.key === "ArrowUp" && !this.#field.value && this.#lastQuestion) {
      event.preventDefault();
      this.#write(this.#lastQuestion);
    }
  }

  #write(text) {
    this.#field.value = text;
    this.#changed();
  }

  #changed() {
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight}px`;
    const length = lengthOf(this.#field.value.trim());
    this.#length.hidden = length < COUNT_FROM;
    this.#length.textContent = `${length} of ${this.#limit()}`;
    this.#length.classList.toggle("over", length > this.#limit());
  }
}

/** As Lex counts: code points, where JavaScript's length counts UTF-16 units. */
export function lengthOf(text) {
  return [...text].length;
}
