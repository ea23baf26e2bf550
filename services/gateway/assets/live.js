// Posts of others appear by themselves. Without this the page works as well; it only has to be loaded again.
const EVERY_MS = 1000;

async function refresh() {
  const { position } = document.getElementById("timeline").dataset; // none: there was nothing to show
  const answer = position
    ? await fetch(`/posts?position=${position}`, { headers: { "If-None-Match": `W/"${position}"` } })
    : await fetch("/posts");
  if (answer.status !== 200) return; // nothing new, or nothing to show

  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const shown = document.getElementById("timeline");
  const now = page.getElementById("timeline");
  if (shown.innerHTML === now.innerHTML) {
    shown.dataset.position = now.dataset.position; // the log went on, elsewhere
    return;
  }
  const focused = document.activeElement.id;
  shown.replaceWith(now);
  document.getElementById(focused)?.focus({ preventScroll: true });
}

async function follow() {
  try {
    if (!document.hidden) await refresh();
  } catch {
    // The gateway is away. What is shown stays, and it is asked again.
  }
  setTimeout(follow, EVERY_MS);
}

setTimeout(follow, EVERY_MS);
