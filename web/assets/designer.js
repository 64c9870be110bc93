// The designer's pages:
//   <form data-drop> takes files that are dropped on it, and shows in its <progress> how far they are sent.
//   <div data-together> holds pictures that are moved about together.
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

// A file that misses its place must not open in place of the page.
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

// What was refused is told on this page, where the files are still chosen.
function tell(form, request) {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const told = page.querySelector("main [role=alert]") ?? page.querySelector("main h1");
  form.querySelector(":scope > [role=alert]")?.remove();
  if (told) form.prepend(document.adoptNode(told));
  else form.submit(); // the browser itself says what is wrong
}

document.addEventListener("diagram:element", ({ detail }) => {
  const about = [...document.querySelectorAll("[data-about]")];
  for (const finding of about) finding.classList.toggle("pointed", finding.dataset.about === detail);
  about.find((finding) => finding.dataset.about === detail)?.scrollIntoView({ block: "nearest" });
});

for (const together of document.querySelectorAll("[data-together]")) {
  const frames = [...together.querySelectorAll(".diagram")];
  for (const frame of frames) {
    frame.addEventListener("scroll", () => {
      for (const other of frames.filter((each) => each !== frame)) {
        for (const [at, all, seen] of [["scrollLeft", "scrollWidth", "clientWidth"], ["scrollTop", "scrollHeight", "clientHeight"]]) {
          const hidden = frame[all] - frame[seen];
          const place = hidden > 0 ? Math.round((frame[at] / hidden) * (other[all] - other[seen])) : 0;
          if (Math.abs(other[at] - place) > 1) other[at] = place;
        }
      }
    });
  }
}
