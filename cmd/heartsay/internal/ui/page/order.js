// Which members are shown, and in which order.
import {names, tagList} from "./format.js";
import {states} from "./model.js";

const ranks = new Map(states.map(({name}, i) => [name, i]));
const rank = (m) => ranks.get(m.state) ?? states.length;
const byName = (a, b) => names.compare(a.name, b.name) || a.id - b.id;

// Orders by which members can be sorted. "down" says that the first click shows the highest first.
export const orders = {
  state: {
    label: "Trouble first",
    compare: (a, b) => rank(a) - rank(b) || (rank(a) < 2 ? b.since - a.since : 0) || byName(a, b),
  },
  name: {label: "Name", compare: byName},
  since: {label: "Newest change", down: true, compare: (a, b) => a.since - b.since || byName(b, a)},
  phi: {label: "Φ", down: true, compare: (a, b) => a.phi - b.phi || byName(b, a)},
  silence: {label: "Silence", down: true, compare: (a, b) => a.silence - b.silence || byName(b, a)},
  address: {label: "Address", compare: (a, b) => names.compare(a.address, b.address) || byName(a, b)},
  tags: {label: "Zone and tags", compare: (a, b) => names.compare(a.zone + " " + tagList(a.tags),
    b.zone + " " + tagList(b.tags)) || byName(a, b)},
};

// View is what the user asked to see.
export class View {
  words = [];
  only = new Set(); // states; empty: all
  order = "state";
  down = false;

  filter(text) {
    this.words = text.toLowerCase().split(/\s+/).filter(Boolean);
  }

  toggle(state) {
    if (state === "") this.only.clear();
    else if (!this.only.delete(state)) this.only.add(state);
  }

  // pick is for keys and for the first click: only this state, or all if that is so already.
  pick(state) {
    const alone = this.only.size === 1 && this.only.has(state);
    this.only = new Set(alone || state === "" ? [] : [state]);
  }

  sort(order) {
    this.down = this.order === order ? !this.down : Boolean(orders[order].down);
    this.order = order;
  }

  get limited() {
    return this.words.length > 0 || this.only.size > 0;
  }

  // of returns the members to show, in order.
  of(members) {
    const shown = [];
    for (const m of members) {
      if (this.only.size > 0 && !this.only.has(m.state)) continue;
      if (this.words.every((word) => m.text.includes(word))) shown.push(m);
    }
    const {compare} = orders[this.order];
    return shown.sort(this.down ? (a, b) => compare(b, a) : compare);
  }
}
