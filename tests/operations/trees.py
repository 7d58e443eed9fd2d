"""Small trees of several languages for the tests of operations."""

from __future__ import annotations

from pathlib import Path

SOURCES = {
    "src/cookies.py": """class Jar(
    dict,
):
    '''Cookies.'''

    def parse(self, header: str) -> dict:
        return {}

    def clear(self):
        pass


def parse(header):
    return Jar()
""",
    "src/jar.rs": """pub struct Jar {
    size: u8,
}

impl Jar {
    pub fn fill(&self) -> u8 {
        1
    }
}
""",
    "src/server.go": """package server

func (s *Server) Start(port int) error {
\treturn nil
}

type Server struct{}
""",
    "src/view.ts": "export class View {\n  render(html: string): void {\n    draw(html);\n  }\n}\n",
    "src/list.cpp": "namespace std {\nint List::move(int from) {\n  return from;\n}\n}\n",
    "tests/test_cookies.py": "def parse(text):\n    return text\n",
    "docs/guide.md": "# Guide\n\nText.\n\n## How to parse\n\nMore.\n",
    "key.py": """TOKEN = "ghp_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX"


def use():
    return "ghp_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX"
""",
    "empty.py": "",
}


def write(root: Path, sources: dict[str, str] = SOURCES) -> Path:
    """The tree, in ``root``."""
    for path, text in sources.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return root
