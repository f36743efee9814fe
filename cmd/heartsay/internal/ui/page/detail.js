// One member in full.
import {age, clock, make, moment, odds, phiText, put, seconds, set} from "./format.js";
import {fill} from "./agent.js";
import {Spark} from "./spark.js";

const at = (id) => document.getElementById(id);

export class Detail {
  id = 0; // number of the member, 0 for none
  #spark = new Spark(70);
  #labels = {suspect: make("span", "axis"), dead: make("span", "axis")};

  constructor(onClose) {
    const chart = make("div", "chart");
    chart.append(this.#spark.element, this.#labels.dead, this.#labels.suspect);
    const times = make("p", "times");
    times.append(make("span", "", "2 minutes ago"), make("span", "", "now"));
    at("detail-chart").append(chart, times);
    at("detail-close").addEventListener("click", onClose);
  }

  open(member) {
    this.id = member.id;
    at("detail").hidden = false;
  }

  close() {
    this.id = 0;
    at("detail").hidden = true;
  }

  render(model) {
    const m = model.members.get(this.id);
    if (!m) {
      if (this.id) this.close(); // forgotten
      return;
    }
    const own = m.name === model.self?.name;
    put(at("detail-name"), m.name);
    put(at("detail-verdict"), own ? "This is the agent that answers: it does not judge itself." : sentence(m, model));
    set(at("detail-verdict"), "data-state", m.state);
    const {suspect_phi: suspect = 8, dead_phi: dead = 12} = model.self ?? {};
    this.#spark.draw(m.history.list(model.slot), m.state, suspect, dead);
    for (const [state, phi] of [["suspect", suspect], ["dead", dead]]) {
      put(this.#labels[state], `${state} at Φ ${phi}`);
      this.#labels[state].style.bottom = 100 * phi / (dead * 1.15) + "%";
    }
    fill(at("detail-facts"), factsOf(m, model.now(), own));
  }
}

function sentence(m, model) {
  const since = `${m.state} for ${age(model.now() - m.since)}, since ${clock(m.since)}`;
  if (m.state === "left") return since + ": it left on purpose.";
  return `${since}. Φ ${phiText(m.phi)}: ${odds(m.phi)}.`;
}

function factsOf(m, now, own) {
  return [
    ["silence", own ? "-" : seconds(m.silence)],
    ["suspect after", own || m.state === "left" ? "-" : seconds(m.suspectTimeout)],
    ["dead after", own || m.state === "left" ? "-" : seconds(m.timeout)],
    ["address", m.address],
    ["heard directly", own ? "-" : m.direct < 0 ? "never: only through others" : seconds(m.direct) + " ago"],
    ["zone", m.zone || "-"],
    ["tags", m.tagList || "-"],
    ["build", m.build || "-"],
    ["incarnation", `${m.incarnation} (started ${moment(m.incarnation)})`],
    ["heartbeat", String(m.heartbeat)],
  ];
}
