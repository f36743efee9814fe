// Drawings: Φ against both thresholds, silence against the time-out. Colours come from the style sheets.
import {set, svg} from "./format.js";
import {slots} from "./model.js";

const bridge = 4; // seconds without a sample that are drawn over; a longer silence of the agent is a hole

// Spark is Φ of the last two minutes; two lines show where a member becomes suspect and dead.
export class Spark {
  #height;
  #suspect = svg("line", {class: "at-suspect", x1: 0, x2: slots - 1});
  #dead = svg("line", {class: "at-dead", x1: 0, x2: slots - 1});
  #area = svg("path", {class: "area"});
  #line = svg("path", {class: "line"});

  constructor(height) {
    this.#height = height;
    this.element = svg("svg", {class: "spark", viewBox: `0 0 ${slots - 1} ${height}`, preserveAspectRatio: "none",
      "aria-hidden": "true"});
    this.element.append(this.#area, this.#suspect, this.#dead, this.#line);
  }

  draw(values, state, suspectPhi, deadPhi) {
    const top = deadPhi * 1.15;
    const y = (phi) => +(this.#height - 1 - Math.min(phi / top, 1) * (this.#height - 2)).toFixed(1);
    for (const [line, phi] of [[this.#suspect, suspectPhi], [this.#dead, deadPhi]]) {
      set(line, "y1", y(phi));
      set(line, "y2", y(phi));
    }
    let line = "", area = "", start = -1, last = -bridge;
    values.forEach((phi, x) => {
      if (Number.isNaN(phi)) return;
      if (x - last >= bridge) {
        area += start < 0 ? "" : `L${last} ${this.#height}Z`;
        line += `M${x} ${y(phi)}h.5`; // a lone sample is a dot
        area += `M${x} ${this.#height}L${x} ${y(phi)}`;
        start = x;
      } else {
        line += `L${x} ${y(phi)}`;
        area += `L${x} ${y(phi)}`;
      }
      last = x;
    });
    if (start >= 0) area += `L${last} ${this.#height}Z`;
    set(this.#line, "d", line);
    set(this.#area, "d", area);
    set(this.element, "data-state", state);
  }
}

// Meter is a silence on its way to the time-out, with a tick where the member becomes suspect.
export class Meter {
  #fill = svg("rect", {class: "fill", x: 0, y: 0, height: 4, rx: 1});
  #tick = svg("rect", {class: "tick", y: 0, width: 1, height: 4});

  constructor() {
    this.element = svg("svg", {class: "meter", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true"});
    this.element.append(svg("rect", {class: "all", x: 0, y: 0, width: 100, height: 4, rx: 1}), this.#fill, this.#tick);
  }

  draw(member) {
    const known = member.timeout > 0 && member.state !== "left";
    set(this.element, "data-state", known ? member.state : "none");
    set(this.#fill, "width", known ? Math.min(100, Math.round(100 * member.silence / member.timeout)) : 0);
    set(this.#tick, "x", known ? Math.min(99, Math.round(100 * member.suspectTimeout / member.timeout)) : 0);
  }
}
