// The top of the page: how the cluster is, in one line, in numbers and in one bar; and whether that is still true.
import {age, clock, count, make, plural, put, set, svg, visible} from "./format.js";
import {states} from "./model.js";

const at = (id) => document.getElementById(id);

export class Summary {
  #tiles = [];
  #shares = [];

  // onState(name) is called when the user asks for one state more or less, with "" for all.
  constructor(onState) {
    for (const {name, mark} of [{name: "", mark: ""}, ...states]) {
      const tile = make("button", "tile");
      tile.type = "button";
      tile.dataset.state = name;
      const number = make("span", "count", "0");
      const sign = make("span", "mark", mark);
      sign.setAttribute("aria-hidden", "true");
      tile.append(number, sign, make("span", "word", name || "all"));
      tile.addEventListener("click", () => onState(name));
      at("tiles").append(tile);
      this.#tiles.push([name, tile, number]);
    }
    for (const {name} of states) {
      const share = svg("rect", {y: 0, height: 8, "data-state": name});
      at("shares").append(share);
      this.#shares.push([name, share]);
    }
  }

  render(model, view) {
    const counts = model.counts();
    const all = model.members.size;
    for (const [name, tile, number] of this.#tiles) {
      put(number, count(name ? counts[name] : all));
      set(tile, "aria-pressed", name ? view.only.has(name) : view.only.size === 0);
      tile.classList.toggle("zero", name !== "" && counts[name] === 0);
    }
    const worst = counts.dead ? "dead" : counts.suspect ? "suspect" : "alive";
    if (model.filled) {
      put(at("verdict"), verdict(counts));
      set(at("verdict"), "data-state", worst);
    }
    this.#renderShares(counts, all);
    this.#renderNames(model, counts, model.filled && model.agent.reachable ? worst : "unknown");
  }

  #renderShares(counts, all) {
    const least = 6; // of 1000: one in ten thousand is seen too
    const widths = this.#shares.map(([name]) => counts[name] && Math.max(least, 1000 * counts[name] / all));
    const total = widths.reduce((a, b) => a + b, 0) || 1;
    let x = 0;
    this.#shares.forEach(([, share], i) => {
      const width = 1000 * widths[i] / total;
      set(share, "x", x.toFixed(1));
      set(share, "width", width.toFixed(1));
      x += width;
    });
    set(at("shares"), "aria-label", states.map(({name}) => counts[name] + " " + name).join(", "));
  }

  #renderNames(model, counts, worst) {
    put(at("cluster"), model.cluster);
    put(at("observer"), model.self ? "as " + model.self.name + " sees it" : "");
    const trouble = ["dead", "suspect"].filter((s) => counts[s]).map((s) => counts[s] + " " + s).join(", ");
    const title = (trouble ? `(${trouble}) ` : "") + (model.cluster || "cluster") + " – heartsay";
    document.title = visible(title);
    set(at("icon"), "href", worst + ".svg");
  }

  // renderLive says whether what is shown is true now. broken is why there is no stream, "" when there is one, and
  // since is when it broke.
  renderLive(model, broken, since) {
    const fault = trouble(model, broken, since);
    at("banner").hidden = !fault;
    document.body.classList.toggle("stale", Boolean(fault) && model.filled);
    const live = fault ? "broken" : model.filled ? "live" : "waiting";
    set(at("live"), "data-live", live);
    put(at("live-text"), {broken: "not live", live: "live", waiting: "connecting"}[live]);
    if (!fault) return;
    put(at("banner-text"), fault.what + " since " + clock(fault.since) + ".");
    put(at("banner-age"), "(" + age(model.now() - fault.since) + ")");
    put(at("banner-why"), fault.why + (model.filled ? " Below is what was known then." : ""));
  }
}

// verdict returns the cluster in one line.
function verdict(counts) {
  const present = counts.dead + counts.suspect + counts.alive;
  const parts = [];
  if (counts.dead) parts.push(plural(counts.dead, "member") + " dead");
  if (counts.suspect) parts.push((counts.dead ? count(counts.suspect) : plural(counts.suspect, "member")) + " suspect");
  if (parts.length) return parts.join(", ") + " – " + count(counts.alive) + " of " + count(present) + " alive";
  return present === 1 ? "One member, alive: the agent is alone" : "All " + plural(present, "member") + " alive";
}

// trouble returns what keeps the page from being live, since when and why, or null.
function trouble(model, broken, since) {
  if (model.ended) return {what: "heartsay ui ended", since, why: "Run it again and open the new address."};
  if (broken === "refused") {
    return {what: "This page is not let in any more", since, why: "Run heartsay ui again and open the new address."};
  }
  if (broken) {
    return {what: "heartsay ui does not answer", since, why: "This page goes on by itself when it does again."};
  }
  if (!model.agent.reachable) {
    return {what: "Agent unreachable", since: model.agent.since,
      why: model.agent.error + ". This page goes on by itself when it answers again."};
  }
  return null;
}
