// The list of members. Only the rows in sight exist, so that a thousand members cost as little as ten.
import {count, make, put, set} from "./format.js";
import {View, orders} from "./order.js";
import {Row, columns} from "./row.js";

const spare = 3; // rows above and below those in sight

export class List {
  view = new View();
  chosen = 0; // number of the member that the keyboard is at, 0 for none
  #model;
  #onChoose;
  #grid = document.getElementById("grid");
  #rows = document.getElementById("rows");
  #heads = [];
  #pool = [];
  #shown = [];

  // onChoose(member, open) is called when the user goes to a member; open says that it is to be shown in full.
  constructor(model, onChoose) {
    this.#model = model;
    this.#onChoose = onChoose;
    this.#makeHeads();
    this.#makeSelect();
    this.#grid.addEventListener("scroll", () => this.render(), {passive: true});
    new ResizeObserver(() => this.render()).observe(this.#grid);
    this.#rows.addEventListener("click", (e) => {
      const row = this.#pool.find((r) => r.element.contains(e.target));
      if (row) this.choose(row.member.id, true);
    });
  }

  #makeHeads() {
    const heads = document.getElementById("heads");
    for (const column of columns) {
      const head = make("div", "cell c-" + column.order);
      head.setAttribute("role", "columnheader");
      const button = make("button", "", column.title);
      button.type = "button";
      button.addEventListener("click", () => { this.view.sort(column.order); this.refresh(); });
      head.append(button);
      heads.append(head);
      this.#heads.push([column.order, head]);
    }
  }

  #makeSelect() {
    this.select = document.getElementById("sort");
    for (const [order, {label}] of Object.entries(orders)) {
      const option = make("option", "", label);
      option.value = order;
      this.select.append(option);
    }
    this.select.addEventListener("change", () => { this.view.sort(this.select.value); this.refresh(); });
  }

  // refresh works out anew who is shown.
  refresh() {
    this.#shown = this.view.of(this.#model.members.values());
    const all = this.#model.members.size;
    put(document.getElementById("shown"), this.view.limited ? `${count(this.#shown.length)} of ${count(all)}` : "");
    for (const [order, head] of this.#heads) {
      const here = order === this.view.order;
      set(head, "aria-sort", !here ? "none" : this.view.down ? "descending" : "ascending");
    }
    this.select.value = this.view.order;
    set(this.#grid, "aria-rowcount", this.#shown.length + 1);
    const none = document.getElementById("none");
    none.hidden = this.#shown.length > 0 || !this.#model.filled;
    put(none, "No member matches. Esc in the filter clears it, 0 shows all states.");
    this.render();
  }

  // render draws the rows in sight.
  render() {
    const height = this.rowHeight;
    this.#rows.style.height = this.#shown.length * height + "px";
    const first = Math.max(0, Math.floor(this.#grid.scrollTop / height) - spare);
    const fit = Math.ceil(this.#grid.clientHeight / height) + 2 * spare;
    const last = Math.min(this.#shown.length, first + fit);
    while (this.#pool.length < last - first) {
      this.#pool.push(new Row(this.#pool.length));
      this.#rows.append(this.#pool.at(-1).element);
    }
    let active = "";
    this.#pool.forEach((row, k) => {
      const member = this.#shown[first + k];
      row.element.hidden = first + k >= last;
      if (row.element.hidden) return;
      row.show(member, first + k, this.#model, (first + k) * height, member.id === this.chosen);
      if (member.id === this.chosen) active = row.element.id;
    });
    if (active) set(this.#grid, "aria-activedescendant", active);
    else this.#grid.removeAttribute("aria-activedescendant");
  }

  get rowHeight() {
    return parseFloat(getComputedStyle(this.#grid).getPropertyValue("--row")) || 40;
  }

  // choose goes to a member.
  choose(id, open) {
    this.chosen = id;
    const index = this.#shown.findIndex((m) => m.id === id);
    if (index >= 0) this.#reveal(index);
    this.render();
    this.#onChoose(this.#model.members.get(id), open);
  }

  // move goes some members on in the list, or back.
  move(by) {
    if (this.#shown.length === 0) return;
    const at = this.#shown.findIndex((m) => m.id === this.chosen);
    const from = at >= 0 ? at : by > 0 ? -1 : this.#shown.length; // before the first, or behind the last
    const to = from + by;
    this.choose(this.#shown[Math.max(0, Math.min(this.#shown.length - 1, to))].id, false);
  }

  get page() {
    return Math.max(1, Math.floor(this.#grid.clientHeight / this.rowHeight) - 2);
  }

  // reveal scrolls as little as it takes to see a row below the heads.
  #reveal(index) {
    const height = this.rowHeight;
    const heads = document.getElementById("heads").offsetHeight;
    const top = index * height;
    const bottom = top + height + heads - this.#grid.clientHeight;
    if (this.#grid.scrollTop > top) this.#grid.scrollTop = top;
    else if (this.#grid.scrollTop < bottom) this.#grid.scrollTop = bottom;
  }
}
