// Posts of others appear by themselves. Without this the page works as well; it only has to be loaded again.
const LATER_MS = 1000;
const EVENTS = ["PostPublished", "PostDeleted"];

let log; // what has happened since the timeline was as it is shown
let timer;
let newest = 0; // the position of the last post that was told of
let fetching; // one answer at a time, however many posts there are

const timeline = () => document.getElementById("timeline");
const shown = () => Number(timeline().dataset.position);

function follow() {
  log?.close();
  clearTimeout(timer);
  if (document.hidden) return; // a browser has few connections to one host, for all its tabs
  const { position } = timeline().dataset;
  if (!position) return show(0).then(follow, later); // there was nothing to show

  log = new EventSource(`/v1/events?category=post&after=${position}`);
  for (const kind of EVENTS) {
    log.addEventListener(kind, (event) => tell(JSON.parse(event.data).position));
  }
  log.onerror = () => log.readyState === EventSource.CLOSED && later(); // else it comes back by itself
}

function later() {
  log?.close();
  clearTimeout(timer);
  timer = setTimeout(follow, LATER_MS);
}

function tell(position) {
  newest = Math.max(newest, position);
  fetching ??= catchUp().catch(later).finally(() => (fetching = undefined));
}

// An answer is as new as the view: what was told of meanwhile is mostly shown with it.
async function catchUp() {
  for (let asked = 0; newest > Math.max(asked, shown()); ) {
    asked = newest;
    await show(asked);
  }
}

// Shows the timeline as it is at a position of the log, or as it is by now.
async function show(position) {
  const answer = await fetch(`/posts?position=${position}`);
  if (!answer.ok) throw new Error(answer.statusText);

  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = page.getElementById("timeline");
  if (Number(now.dataset.position) <= shown()) return; // overtaken by a later one
  const focused = document.activeElement.id;
  timeline().replaceWith(now);
  document.getElementById(focused)?.focus({ preventScroll: true });
}

document.addEventListener("visibilitychange", follow);
follow();
