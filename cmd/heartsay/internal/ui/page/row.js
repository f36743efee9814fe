// One row of the list. Rows are few, as many as fit on the screen, and show other members as the user scrolls.
import {age, make, phiText, put, seconds, set, visible} from "./format.js";
import {markOf} from "./model.js";
import {Meter, Spark} from "./spark.js";

// Columns of the list: what they sort by, and their class.
export const columns = [
  {title: "State", order: "state"}, {title: "Name", order: "name"}, {title: "For", order: "since"},
  {title: "Φ, two minutes", order: "phi"}, {title: "Silence / time-out", order: "silence"},
  {title: "Address", order: "address"}, {title: "Zone, tags", order: "tags"},
];

export class Row {
  #cells = columns.map((c) => make("div", "cell c-" + c.order));
  #mark = make("span", "mark");
  #state = make("span", "word");
  #name = make("span", "name");
  #self = make("span", "self", "this agent");
  #phi = make("span", "number");
  #spark = new Spark(26);
  #silence = make("span", "number");
  #meter = new Meter();

  constructor(number) {
    this.element = make("div", "row");
    this.element.id = "row-" + number;
    this.element.setAttribute("role", "row");
    const [state, name, , phi, silence] = this.#cells;
    this.#cells.forEach((cell) => cell.setAttribute("role", "gridcell"));
    this.#mark.setAttribute("aria-hidden", "true");
    state.append(this.#mark, this.#state);
    name.append(this.#name, this.#self);
    phi.append(this.#phi, this.#spark.element);
    silence.append(this.#silence, this.#meter.element);
    this.element.append(...this.#cells);
  }

  // show shows a member, the index-th of those that are shown.
  show(m, index, model, top, chosen) {
    this.member = m;
    const cells = this.#cells;
    set(this.element, "aria-rowindex", index + 2);
    set(this.element, "aria-selected", chosen);
    set(this.element, "data-state", m.state);
    if (this.element.style.top !== top + "px") this.element.style.top = top + "px";
    put(this.#mark, markOf(m.state));
    put(this.#state, m.state);
    put(this.#name, m.name);
    set(cells[1], "title", visible(m.name));
    const own = m.name === model.self?.name;
    this.#self.hidden = !own;
    put(cells[2], m.since ? age(model.now() - m.since) : "-");
    put(this.#phi, own ? "-" : phiText(m.phi));
    this.#spark.draw(m.history.list(model.slot), m.state, model.self?.suspect_phi ?? 8, model.self?.dead_phi ?? 12);
    put(this.#silence, own || m.state === "left" ? "-" : seconds(m.silence) + " / " + seconds(m.timeout));
    this.#meter.draw(own ? {...m, timeout: 0} : m);
    put(cells[5], m.address);
    const facts = [m.zone, m.tagList].filter(Boolean).join("  ");
    put(cells[6], facts || "-");
    set(cells[6], "title", visible(facts));
  }
}
