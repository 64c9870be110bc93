// The designer's pages:
//   <form data-drop> accepts dropped files, and shows the progress of the upload in its <progress>.
//   <div data-together> contains pictures that scroll together.
//   [data-about="Task_1"] are findings about an element; a click on it in the diagram shows them.
for (const form of document.querySelectorAll("form[data-drop]")) {
  const chosen = form.querySelector("input[type=file]");
  const zone = form.querySelector(".drop");
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) zone.classList.remove("over");
  });
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    chosen.files = event.dataTransfer.files;
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => send(event, form));
}

// A file dropped elsewhere must not replace the page.
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());

function send(event, form) {
  event.preventDefault();
  if (form.hasAttribute("aria-busy")) return;
  form.setAttribute("aria-busy", "true");
  const progress = form.querySelector("progress");
  progress.hidden = false;
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    progress.max = total;
    progress.value = loaded;
  });
  request.addEventListener("loadend", () => {
    form.removeAttribute("aria-busy");
    progress.hidden = true;
    if (request.status === 200) location.assign(request.responseURL);
    else tell(form, request);
  });
  request.send(new FormData(form));
}

// Refusals are shown on this page, where the files are still selected.
function tell(form, request) {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const told = page.querySelector("main [role=alert]") ?? page.querySelector("main h1");
  form.querySelector(":scope > [role=alert]")?.remove();
  if (told) form.prepend(document.adoptNode(told));
  else form.submit(); // the browser itself shows what is wrong
}

document.addEventListener("diagram:element", ({ detail }) => {
  const about = [...document.querySelectorAll("[data-about]")];
  for (const finding of about) finding.classList.toggle("pointed", finding.dataset.about === detail);
  about.find((finding) => finding.dataset.about === detail)?.scrollIntoView({ block: "nearest" });
});

const place = (frame) => `${frame.scrollLeft} ${frame.scrollTop}`;
for (const together of document.querySelectorAll("[data-together]")) {
  const frames = [...together.querySelectorAll(".diagram")];
  const put = new Map(); // positions set by another picture's scrolling, which must not scroll that one again
  for (const frame of frames) {
    frame.addEventListener("scroll", () => {
      if (put.get(frame) === place(frame)) return;
      for (const other of frames.filter((each) => each !== frame)) {
        for (const [at, all, seen] of [["scrollLeft", "scrollWidth", "clientWidth"], ["scrollTop", "scrollHeight", "clientHeight"]]) {
          const hidden = frame[all] - frame[seen];
          other[at] = hidden > 0 ? (frame[at] / hidden) * (other[all] - other[seen]) : 0;
        }
        put.set(other, place(other));
      }
    });
  }
}
