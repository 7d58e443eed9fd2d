"""Constructs that grammars do not know, or that define names in unusual places."""

from __future__ import annotations

import pytest

from tests.parse.sources import parsed, qualified

CONSTRUCTS = [
    (
        "elixir",
        "defmodule A do\n  defmacro __using__(_) do\n    quote do\n      def b(c), do: c\n    end\n  end\n"
        '  test "x" do\n    defmodule D do\n      def e, do: 1\n    end\n  end\nend\n',
        "A A>__using__ A>__using__>b A>D A>D>e",
    ),
    (
        "elixir",
        "defmodule <%= web %>.Router do\n  def delete_<%= name %>(<%= name %>) do\n    :ok\n  end\n"
        "  <%= if x do %>\n  def b, do: 1\n  <% end %>\nend\n",
        "<%= web %>.Router <%= web %>.Router>delete_<%= name %> <%= web %>.Router>b",
    ),
    ("haskell", "Some prose = here.\n\n> f :: Int\n> f = 1\n\nmore where\n\n> g = 2\n", "f g"),
    ("haskell", "# Title\nlet me = explain\n\n```haskell\nf x = x\n```\n\nThen f y = z.\n", "f"),
    ("haskell", "\\section{A}\n\\begin{code}\nf = 1\n\\end{code}\nf g = h\n", "f"),
    (
        "sql",
        "DECLARE\n  TYPE names IS TABLE OF VARCHAR2(10);\n  x INTEGER;\n  FUNCTION f (n INTEGER)\n"
        "  RETURN INTEGER IS\n  BEGIN\n    RETURN n;\n  END;\n  PROCEDURE p IS BEGIN f(1); END;\n"
        "BEGIN\n  p;\nEND;\n/\nREPLACE VIEW v AS (SELECT 1);\n",
        "names f p v",
    ),
    (
        "d",
        "void a() {\n  int b(int c) {\n    return c;\n  }\n  static struct E {\n    int x;\n  }\n"
        "  foo(1);\n  if (x) {\n    y();\n  }\n}\n",
        "a a>b a>E",
    ),
    (
        "java",
        "class A {\n  X d = new X() {\n    public int a() { return 1; }\n  };\n"
        "  static final X<B> E = new X<>(1) {\n    void b() {}\n  };\n"
        "  enum F { G { void c() {} }, H }\n"
        "  void t(int[] z) {\n    z = new int[] {1};\n    if (z == new Foo(1)) {\n    }\n"
        "    record L(int y) {\n      void q() {}\n    }\n"
        "    run(new Y() {\n      void e() {\n        go(new Z(1) { void f() {} });\n      }\n"
        "    });\n  }\n}\n",
        "A A>a A>E A>E>b A>F A>F>G A>F>G>c A>t A>t>L A>t>L>q A>t>e A>t>e>f",
    ),
    (
        "kotlin",
        "val a = object : X {\n  override fun b() {}\n}\nclass C {\n  private val d = object : Y() {\n"
        "    override fun e() = 1\n  }\n  fun f() {\n    fun g() = 2\n"
        "    run(object : Z {\n      override fun h() {}\n    })\n"
        "    list.forEach {\n      fun i() = it\n    }\n  }\n}\n",
        "a a>b C C>e C>f C>f>g C>f>h C>f>i",
    ),
    (
        "php",
        "<?php\nreturn new class extends Migration {\n  public function up() {}\n};\n"
        "function f() {\n  $x = new class(1) extends B {\n    function g() { return 1; }\n  };\n"
        "  function h() {}\n}\n",
        "up f f>g f>h",
    ),
    (
        "ruby",
        "A = proc do\n  def b\n  end\nend\nc = Struct.new(:d) do\n  def e\n  end\nend\n"
        "prepend(Module.new do\n  def f\n  end\nend)\n"
        "def g\n  k = Class.new do\n    def h; end\n  end\n  def k.m; end\nend\n",
        "A A>b e f g g>h g>m",
    ),
    (
        "rust",
        "fn a() {\n    const X: u8 = 1;\n    #[derive(Debug)]\n    struct B { x: u8 }\n    impl B {\n"
        "        fn c(&self) {}\n    }\n    async fn d() {}\n    run(|| {\n        fn e() {}\n    });\n}\n",
        "a a>B a>B a>B>c a>d a>e",
    ),
    (
        "lua",
        "local function a()\n  local b = wrap({\n    c = function() return 1 end,\n  })\n"
        "  pick.new(o, {\n    d = function(x) return x end,\n  }):find()\nend\n",
        "a a>c a>d",
    ),
    (
        "swift",
        '@attached(member)\npublic macro A() = #externalMacro(\n    module: "M",\n    type: "T"\n)\n'
        "func b() {}\n",
        "A b",
    ),
    (
        "python",
        "cdef class Box:\n    cdef int size(self, int a) nogil:\n        return 1\n\n"
        "    def run(self):\n"
        "        pass\n\ncpdef double area(double r):\n    return r\n\nctypedef struct pair:\n    int a\n",
        "Box Box>size Box>run area pair",
    ),
    (
        "bash",
        "function build {\n  local -a parts=(${(s:/:)PWD})\n}\nfunction run() {\n  go\n}\n"
        "for f in *(.N); do :; done\n"
        "later() {\n  true\n}\n",
        "build run later",
    ),
    (
        "kotlin",
        "class A {\n  fun f(r: Any) = when (r) {\n    is B if r.ok -> 1\n    else if x -> 2\n"
        "    else -> 3\n  }\n  fun g() {}\n}\n",
        "A A>f A>g",
    ),
    (
        "kotlin",
        "class A {\n  context(log: Logger)\n  fun f() {}\n"
        "  context(a: A, b: () -> Int) val p: Int get() = 1\n"
        "}\ncontext(Scope)\nsuspend fun g() {}\nclass C\n",
        "A A>f A>p g C",
    ),
    ("kotlin", "fun data() = 1\nfun open() {}\nval value = 3\nfun inner() {}\n", "data open value inner"),
    (
        "kotlin",
        "@A(B.C)\nannotation class M\n@A(B::class)\nactual class N { actual fun f() = 1 }\n"
        "@A(1)\ndata object O\n@A(1) fun interface P {\n  fun go()\n}\n@A(1)\ninternal sealed interface Q\n",
        "M N N>f O P P>go Q",
    ),
    (
        "javascript",
        "window.app ??= {};\napp.C ??= (() => {\n  class S {\n    load() {\n    }\n  }\n})();\n",
        "S S>load",
    ),
    ("javascript", "app.run ||= function () {};\napp.go &&= () => 1;\n", "app.run app.go"),
    ("javascript", "a.b = a.b || (function () {\n  function deep() {\n  }\n  return deep;\n})();\n", "deep"),
    ("javascript", "a.b = a.b || {\n  one() {},\n  two: function () {}\n};\n", "a.b a.b>one a.b>two"),
    (
        "javascript",
        "switch (x) { case 1: function f() {} break; default: function g() {} }\n"
        "try {} catch (e) { function h() {} } finally { function i() {} }\n"
        "for (const a of b) { function j() {} }\nwhile (x) { function k() {} }\nlab: { function l() {} }\n",
        "f g h i j k l",
    ),
    ("javascript", "exports.x = exports.y = function () {};\nvar z = exports.w = class {};\n", "y x w z"),
    ("javascript", "class A { static { function f() {} } get b() { return 1; } }\n", "A A>f A>b"),
    ("javascript", "Object.defineProperty(Y.prototype, 'zed', {\n  get() { return 1; }\n});\n", "Y.zed"),
    (
        "rust",
        'cfg_if::cfg_if! {\n  if #[cfg(unix)] {\n    fn a() { x("}") }\n  } else if #[cfg(b)] {\n'
        "    fn b() {}\n  } else {\n    fn c() {}\n  }\n}\n",
        "a b c",
    ),
    (
        "rust",
        "bitflags! {\n  #[derive(Debug)]\n  pub struct F: u32 {\n    const A = 1;\n  }\n}\nfn z() {}\n",
        "F z",
    ),
    (
        "rust",
        "lazy_static! {\n  pub static ref X: M<u8> = M::new(1);\n}\nthread_local! { static Z: u8 = 1; }\n",
        "X Z",
    ),
    (
        "rust",
        "pin_project! {\n  pub struct P<T> { #[pin] a: T }\n}\nmacro_rules! m { () => { fn no() {} } }\n",
        "P m",
    ),
    ("rust", "fn f() {\n  select! {\n    a => { fn_call() }\n  }\n}\n", "f"),
    (
        "swift",
        "@freestanding(expression)\npublic macro one<T>(_ v: T) -> T = "
        '#externalMacro(module: "M", type: "S")\n'
        'macro two(a: Int = 3) =\n  #externalMacro(module: "M",\n    type: "T")\nfunc after() {}\n',
        "one two after",
    ),
    (
        "csharp",
        "static class E {\n  extension<T>(IEnumerable<T> xs) where T : class\n  {\n"
        "    public bool A => true;\n"
        "    public int B() => 1;\n  }\n  static void C() {}\n}\n",
        "E E>A E>B E>C",
    ),
    ("python", "type Alias[T] = list[T]\ntype Plain = int\n", "Alias Plain"),
    (
        "zig",
        "fn P(comptime T: type) type {\n  const Q = struct {\n    fn put() void {}\n  };\n  return Q;\n}\n",
        "P P>Q P>Q>put",
    ),
    (
        "haskell",
        'module A where\nforeign import ccall "sin" c_sin :: Double -> Double\n'
        "pattern Pair :: a -> (a, a)\npattern Pair x <- (x, _)\npattern x :> y = (x, y)\n",
        "c_sin Pair :>",
    ),
    (
        "ada",
        "type A is new B and C with private;\ntype D is abstract new B and C with record\nend record;\n",
        "A D",
    ),
    (
        "java",
        "class A {\n"
        + "  void m() {\n@X class L {\n" * 2
        + "  class In { }\n  class Z { }\n}\n}\n" * 2
        + "}\n",
        "A A>m A>m>L A>m>L>m A>m>L>m>L A>m>L>m>L>In A>m>L>m>L>Z A>m>L>In A>m>L>Z",
    ),
    ("powershell", "FOREACH ($a in $b) {\n}\nfunction F {\n}\n", "F"),
    ("autohotkey", "IF(x) {\n}\nF(x) {\n}\n", "F"),
    ("cobol", "       Exit.\n       End-If.\n       Main-Part.\n           STOP RUN.\n", "Main-Part"),
    ("lua", 'local M = {}\nM["sixth"] = function()\n  return 1\nend\nM[i] = function() end\n', "M.sixth"),
]


@pytest.mark.parametrize(("language", "text", "names"), CONSTRUCTS)
def test_all_and_only_what_a_construct_defines_is_found(language: str, text: str, names: str) -> None:
    symbols = parsed(text.encode(), language).symbols
    found = [qualified(symbols, position).replace(" > ", ">") for position in range(len(symbols))]
    assert " ".join(found) == names


def test_a_class_with_a_body_of_one_line_is_no_enum() -> None:
    symbols = parsed(b"class A { fun b() {} }\nenum class C { D }\n", "kotlin").symbols
    assert [symbol.kind.label for symbol in symbols] == ["class", "method", "enum"]


@pytest.mark.parametrize(
    ("language", "text", "spans"),
    [
        ("fsharp", "[<A>]\nlet a () =\n  1\n\n[<A>]\nlet b () =\n  2\n", "a 1-3 b 5-7"),
        ("fsharp", "let a () =\n  1\n\n[<Literal>]\nlet B = 2\n", "a 1-2 B 4-5"),
        ("fsharp", "let a () =\n  1\n[<assembly: X(\n  1)>]\ndo ()\n", "a 1-2"),
        (
            "fsharp",
            "type T() =\n  [<Fact>]\n  member _.A() =\n    1\n\n  [<Fact>]\n  member _.B() =\n    2\n",
            "T 1-8 A 2-4 B 6-8",
        ),
        ("ocaml", "let a () =\n  1\n[@@@x]\nlet b () =\n  2\n", "a 1-2 b 4-5"),
        ("reason", "type a = int\n[@bs.x y]\ntype b = int\n", "a 1-1 b 3-3"),
        ("nim", "proc a() =\n  discard\n(b, c) = f()\n", "a 1-2"),
        ("julia", "a(x) =\n  1\n(b, c) = f()\n", "a 1-2"),
        ("coffeescript", "a = (x) ->\n  1\ndo -> b\n", "a 1-2"),
        ("clojure", "(defn a [x]\n  (b x)\n\n(defn c [x]\n  x)\n", "a 1-2 c 4-5"),
    ],
)
def test_a_definition_ends_before_the_attributes_and_the_head_of_the_next(
    language: str, text: str, spans: str
) -> None:
    symbols = parsed(text.encode(), language).symbols
    assert " ".join(f"{each.name} {each.span.start_line}-{each.span.end_line}" for each in symbols) == spans
