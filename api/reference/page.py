"""The page of the API reference: Swagger UI, from a package, below a few words in the reader's language."""

from html import escape
from pathlib import Path

import flask_swagger_ui

from api.reference.document import VERSION
from engine import RELEASE
from engine.platform.language import Language, Reader
from engine.platform.messages import messages

ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
SERVED = {"swagger-ui.css", "swagger-ui-bundle.js"}
# Swagger UI has its icons in data URLs and sets styles on elements; nothing is loaded from elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/page.css">
<header>
<p><a href="/">{home}</a></p>
<h1>{title}</h1>
<p>{release} · <bdi><a href="openapi.json">{document}</a></bdi> ·
<bdi><a href="docs?lang={other}" lang="{other}">{named}</a></bdi></p>
<p>{how} {english}</p>
<noscript><p>{script}</p></noscript>
</header>
<main id="swagger-ui" lang="en" dir="ltr"></main>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
"""
STYLE = """header {
  max-width: 1460px; margin: 0 auto; padding: 1rem 20px 0;
  font: 1rem/1.7 system-ui, sans-serif; color: #1b1b1b
}
header h1 { font-size: 1.6rem; margin: 0 }
header p { margin: .4rem 0 }
.swagger-ui .info { margin: 1rem 0 }
.swagger-ui .info h2 { font-size: 1.1rem; margin: 1.2rem 0 0 }
.swagger-ui .info .title, .swagger-ui .info .link { display: none }
"""
# Without a validator, which would be somebody else's server.
START = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, filter: true,
  defaultModelsExpandDepth: 0, displayRequestDuration: true, requestSnippetsEnabled: true, validatorUrl: null,
  onComplete: () => setTimeout(show, 100),
});
// What is above a linked operation has changed its height since Swagger UI scrolled to it.
function show() {
  const [tag, operation] = location.hash.replace("#/", "").split("/").map(decodeURIComponent);
  const id = `operations-${tag.replaceAll(" ", "_")}-${operation}`;
  if (operation) document.getElementById(id)?.scrollIntoView();
}
"""


def written(language: Language) -> str:
    """Return the page for a reader of this language."""
    texts = messages(Reader.of(language))
    release = texts.say("reference.release", version=VERSION, release=RELEASE)
    other, named = ("en", "English") if language == "fa" else ("fa", "فارسی")
    return _PAGE.format(
        language=language,
        direction="rtl" if language == "fa" else "ltr",
        home=escape(texts.say("reference.home")),
        other=other,
        named=named,
        title=escape(texts.say("reference.title")),
        release=escape(release).replace(RELEASE, f"<bdi>{RELEASE}</bdi>"),
        document=escape(texts.say("reference.document")),
        how=escape(texts.say("reference.try")),
        english=escape(texts.say("reference.english")),
        script=escape(texts.say("reference.script")),
    )
