// While the page of a task is visible, it reports to the server that its assignee has it open: their work time. The
// report has no time in it, and its author is whoever is logged in.

const OFTEN = 60_000; // milliseconds between two reports
const AWAY = 15 * 60_000; // without any touch for so long, nobody is there
const AGAIN = 5_000; // between two reports when tabs are switched

const form = document.querySelector("form[data-open]");
if (form) report(form);

function report({ dataset, elements }) {
  let touched = Date.now();
  let sent = touched; // the server has counted the page itself

  async function send() {
    sent = Date.now();
    const body = new URLSearchParams({ token: elements.token.value });
    try {
      const answer = await fetch(dataset.open, { method: "POST", body, keepalive: true, redirect: "error" });
      if (!answer.ok) stop(); // the task has changed hands, or the session has ended
    } catch (error) {
      console.debug(error); // the network is down, or the page is left
    }
  }

  function touch() {
    const away = Date.now() - touched > AWAY;
    touched = Date.now();
    if (away) send();
  }

  function turn() {
    if (!document.hidden) touched = Date.now();
    if (Date.now() - touched <= AWAY && Date.now() - sent > AGAIN) send();
  }

  function stop() {
    clearInterval(timer);
    for (const name of ["pointermove", "pointerdown", "keydown", "scroll"]) removeEventListener(name, touch);
    document.removeEventListener("visibilitychange", turn);
  }

  const timer = setInterval(() => {
    if (!document.hidden && Date.now() - touched <= AWAY) send();
  }, OFTEN);
  for (const name of ["pointermove", "pointerdown", "keydown", "scroll"]) addEventListener(name, touch, { passive: true });
  document.addEventListener("visibilitychange", turn);
}
