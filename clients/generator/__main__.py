"""`python -m clients.generator`: write the generated files of both clients."""

from clients.generator import files

if __name__ == "__main__":
    for path, text in files.generate().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(files.CLIENTS)}")
