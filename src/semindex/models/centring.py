"""Centring: subtracts a mean vector from a model's vectors, so that cosines mean the same for every model.

Many transformers give any two texts cosines of 0.7 and more. We subtract the mean vector of a fixed set of
texts, after which unrelated texts have cosines around 0 (the first step of Mu and Viswanath,
"All-but-the-Top", 2018, https://arxiv.org/abs/1702.01417). The mean is that of the texts below, not of those
that are indexed, so that a vector depends on its text and the model alone.
"""

from __future__ import annotations

import numpy as np

from semindex.types import Vector, Vectors

VERSION = "centred1"
"""To be changed with any text or step below; part of the fingerprint."""
MEANING = 0.7
"""The weight of these cosines in ranking, as a share of that of the bundled words' cosines. Over 200 judged
queries of ten repositories, NDCG@10 with MiniLM was 0.931 at 0.6, 0.933 at 0.7 and 0.8, 0.931 at 0.9 and 1;
with a distilled table of vectors 0.929, 0.926, 0.924, 0.922 and 0.920 (benchmarks/quality/meaning.py). The
lowest cosine that ranking counts, 0.1, needs no other value: from 0 to 0.3 nothing changed."""
_NOTHING = np.float32(1e-3)
"""A row less far from the centre than this differs from it by rounding only."""


def centred(rows: Vectors, centre: Vector) -> Vectors:
    """Unit rows minus the centre, made unit rows again; zero rows stay zero, and a row at the centre is zero.

    Args:
        rows: Shape ``(n, dim)``.
        centre: Shape ``(dim,)``.
    """
    moved = rows - centre
    lengths = np.sqrt((moved * moved).sum(axis=1, keepdims=True))
    says = (rows != 0).any(axis=1, keepdims=True) & (lengths > _NOTHING)
    found: Vectors = np.where(says, moved / np.maximum(lengths, _NOTHING), 0).astype(np.float32)
    return found


QUERIES = (
    "how are users authenticated",
    "parse command line arguments",
    "where is the configuration file loaded",
    "retry a failed request",
    "connection pool",
    "convert a date to a string",
    "validate form input",
    "write rows to the database",
    "render a template",
    "cache invalidation",
    "compress a file",
    "error handling middleware",
    "sort items by score",
    "thread safe queue",
    "upload an image",
    "read environment variables",
    "matrix multiplication",
    "escape html characters",
    "schedule a background job",
    "what happens when the socket is closed",
    "getUserById",
    "HttpClient",
    "TokenStream.next",
    "MAX_BUFFER_SIZE",
    "unit test for the lexer",
    "draw a line on the canvas",
    "generate random numbers",
    "license text",
    "draw the inventory of the player",
    "interrupt handler of the timer",
    "translate messages into other languages",
    "compute a checksum",
)
"""Queries of all kinds that people ask; their mean is subtracted from queries."""

DOCUMENTS = (
    "src/auth/login.py check_password\ndef check_password(user, password):\n"
    "    return hmac.compare_digest(user.digest, hash_of(password, user.salt))",
    "lib/cli/args.js parseArgs\nfunction parseArgs(argv) {\n  const out = {};\n"
    "  for (const arg of argv.slice(2)) out[arg.split('=')[0]] = arg.split('=')[1];\n  return out;\n}",
    "internal/config/load.go Load\nfunc Load(path string) (*Config, error) {\n"
    "\tdata, err := os.ReadFile(path)\n\tif err != nil {\n\t\treturn nil, err\n\t}\n\treturn parse(data)\n}",
    "src/net/pool.rs acquire\npub fn acquire(&self) -> Option<Connection> {\n"
    "    self.idle.lock().unwrap().pop()\n}",
    "app/models/order.rb total\ndef total\n  line_items.sum(&:price) - discount\nend",
    "src/main/java/io/RetryPolicy.java nextDelay\npublic Duration nextDelay(int attempt) {\n"
    "    return base.multipliedBy(1L << Math.min(attempt, 6));\n}",
    "include/ring.h ring_push\nstatic inline int ring_push(struct ring *r, int v)\n{\n"
    "\tif (r->count == r->size)\n\t\treturn -1;\n"
    "\tr->data[(r->head + r->count++) % r->size] = v;\n\treturn 0;\n}",
    "README.md Installation\n## Installation\n\nInstall the package and run the server:\n\n    make install",
    "tests/test_lexer.py test_numbers\ndef test_numbers():\n    assert kinds('1 2.5') == ['INT', 'FLOAT']",
    "web/styles/button.css\n.button {\n  padding: 4px 8px;\n  border-radius: 3px;\n}",
    "db/migrations/0004_users.sql\nALTER TABLE users ADD COLUMN last_seen TIMESTAMP;",
    "src/render/Canvas.ts drawLine\ndrawLine(a: Point, b: Point) {\n  this.ctx.beginPath();\n"
    "  this.ctx.moveTo(a.x, a.y);\n  this.ctx.lineTo(b.x, b.y);\n  this.ctx.stroke();\n}",
    "pkg/queue/worker.go run\nfunc (w *Worker) run() {\n\tfor job := range w.jobs {\n\t\tjob.Do()\n\t}\n}",
    "Dockerfile\nFROM debian:stable\nRUN apt-get update && apt-get install -y build-essential",
    "src/math/matrix.cpp operator*\nMatrix operator*(const Matrix& a, const Matrix& b) {\n"
    "  Matrix c(a.rows, b.cols);\n  for (int i = 0; i < a.rows; ++i)\n"
    "    for (int j = 0; j < b.cols; ++j) c(i, j) = dot(a.row(i), b.col(j));\n  return c;\n}",
    'scripts/deploy.sh\nset -e\nrsync -a build/ "$HOST:/srv/app"\nssh "$HOST" systemctl restart app',
    "Sources/Player.swift takeDamage\nfunc takeDamage(_ amount: Int) {\n"
    "    health = max(0, health - amount)\n}",
    "lib/html/escape.php escape\nfunction escape(string $text): string {\n"
    "    return htmlspecialchars($text, ENT_QUOTES);\n}",
    "src/cache/lru.kt get\nfun get(key: K): V? = map.remove(key)?.also { map[key] = it }",
    "docs/protocol.md Framing\nEach frame begins with its length, four bytes in network order.",
    "app/api/views.py UserList\nclass UserList(View):\n    def get(self, request):\n"
    "        return JsonResponse([user.name for user in User.objects.all()], safe=False)",
    "drivers/timer.c timer_irq\nstatic irqreturn_t timer_irq(int irq, void *dev)\n{\n"
    "\twritel(ACK, base + STATUS);\n\treturn IRQ_HANDLED;\n}",
    'locale/de.json\n{"save": "Speichern", "cancel": "Abbrechen"}',
    "src/Parser.hs expr\nexpr :: Parser Expr\nexpr = chainl1 term (Add <$ char '+')",
    "lib/scheduler.ex handle_info\ndef handle_info(:tick, state) do\n"
    "  Process.send_after(self(), :tick, state.every)\n  {:noreply, run(state)}\nend",
    "src/store/Checksum.cs Compute\npublic static uint Compute(byte[] data) =>\n"
    "    data.Aggregate(1u, (sum, b) => sum * 31 + b);",
    "frontend/src/UploadForm.tsx UploadForm\nexport function UploadForm() {\n"
    "  const [file, setFile] = useState<File>();\n"
    '  return <input type="file" onChange={e => setFile(e.target.files![0])} />;\n}',
    "src/log.lua warn\nfunction M.warn(...)\n"
    "  io.stderr:write(os.date(), ' ', string.format(...), '\\n')\nend",
    ".github/workflows/ci.yml jobs\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n"
    "      - run: make check",
    "core/src/Graph.scala neighbours\ndef neighbours(n: Node): Set[Node] =\n"
    "  edges.collect { case (`n`, m) => m }",
    "analysis/plot.py main\nimport matplotlib.pyplot as plt\nplt.plot(frame['date'], frame['price'])",
    "LICENSE\nPermission is hereby granted, free of charge, to any person obtaining a copy of this software",
)
"""Chunks of many languages and subjects as they are embedded; their mean is subtracted from chunks."""
