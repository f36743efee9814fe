// The keyboard. Keys of a single character do nothing while text is typed.
const typing = (e) => e.target.matches("input, select, textarea") || e.ctrlKey || e.metaKey || e.altKey;

const moves = {ArrowDown: 1, ArrowUp: -1, PageDown: "page", PageUp: "-page", Home: -Infinity, End: Infinity};

// listen calls the actions of the page for keys.
export function listen({list, filter, help, pick, toggleDetail, escape}) {
  const grid = document.getElementById("grid");
  const only = {0: "", 1: "dead", 2: "suspect", 3: "alive", 4: "left"};

  document.addEventListener("keydown", (e) => {
    if (help.open) return;
    if (e.key === "Escape") return escape(e);
    if (e.target === filter && e.key === "ArrowDown") {
      e.preventDefault();
      grid.focus();
      return list.move(1);
    }
    if (typing(e)) return;
    if (e.key === "/") {
      e.preventDefault();
      filter.focus();
      filter.select();
    } else if (e.key === "?") {
      help.showModal();
    } else if (e.key in only) {
      pick(only[e.key]);
    }
  });

  grid.addEventListener("keydown", (e) => {
    if (e.target !== grid || e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === "Enter" || e.key === " ") {
      e.preventDefault();
      toggleDetail();
    } else if (e.key in moves) {
      e.preventDefault();
      const by = moves[e.key];
      list.move(by === "page" ? list.page : by === "-page" ? -list.page : by);
    }
  });
}
