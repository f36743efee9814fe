// The one connection of the page. It comes back by itself, after the browser slept too.

const patience = 7000; // milliseconds without a frame after which the stream counts as broken; one comes every 2 s
const again = 1500; // between two attempts

// follow calls onFrame for each frame and onBroken(why) when the stream breaks: "away" when nothing answers, "refused"
// when this browser is not let in any more. After both it tries again.
export function follow(onFrame, onBroken) {
  let source = null;
  let last = performance.now();

  function open() {
    source?.close();
    last = performance.now();
    source = new EventSource("stream");
    source.onmessage = (message) => {
      last = performance.now();
      onFrame(JSON.parse(message.data));
    };
    source.onerror = () => {
      source.close(); // its own way of coming back gives up after an answer that is not 200
      source = null;
      ask();
    };
  }

  // ask finds out what is wrong: a stream does not tell.
  async function ask() {
    try {
      const answer = await fetch("alive.svg", {cache: "no-store"});
      onBroken(answer.status === 403 || answer.status === 404 ? "refused" : "away");
    } catch {
      onBroken("away");
    }
    setTimeout(open, again);
  }

  setInterval(() => {
    if (!source || performance.now() - last <= patience) return;
    onBroken("away");
    open();
  }, 1000);
  open();
}
