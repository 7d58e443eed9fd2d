"""The table of languages, one line each.

A line is ``name kind | extensions | file names | interpreters | aliases``, all in lower case and separated by
blanks. A line that starts with blanks continues the line before. An extension in several lines belongs to the
first of them; for some shared extensions :mod:`semindex.source.languages` looks into the file.
"""

from functools import cache
from typing import NamedTuple

_TABLE = """
python code | .py .pyi .pyw .pyx .pxd .pxi .bzl .bazel .star .gyp .gypi .wsgi .ipy | sconstruct sconscript
  snakefile build.bazel workspace build workspace.bazel module.bazel tiltfile .pythonrc .pythonstartup |
  python pypy python2 python3 uv | py py3 cython starlark bazel snakemake
javascript code | .js .mjs .cjs .jsx .es6 .jsm .gs .ssjs | jakefile | node nodejs bun deno | js jsx
  ecmascript node mjs
typescript code | .ts .mts .cts | | ts-node tsx | ts
tsx code | .tsx | | |
java code | .java .jav .jsh | | java jshell |
kotlin code | .kt .kts .ktm | | kotlin | kt
c code | .c .h .idc .cats | | tcc |
cpp code | .cpp .cc .cxx .c++ .hpp .hh .hxx .h++ .ipp .tpp .txx .ixx .cppm .inl .cu .cuh .ino .ccm .mpp .hip
  .metal | | | c++ cxx hpp cuda arduino
csharp code | .cs .csx .cake | | dotnet-script | c# cs c-sharp
go code | .go | | | golang
rust code | .rs | | rust-script | rs
ruby code | .rb .rake .gemspec .ru .rbw .jbuilder .podspec .thor .rabl .builder .rbi .rbs | rakefile gemfile
  capfile guardfile vagrantfile podfile fastfile appfile brewfile berksfile thorfile dangerfile puppetfile
  .irbrc .pryrc steepfile | ruby jruby macruby rake | rb
php code | .php .phtml .php3 .php4 .php5 .php7 .php8 .phps .phpt .blade.php .ctp .module | artisan | php |
swift code | .swift .swiftinterface | | swift |
scala code | .scala .sc .sbt .mill | | scala amm | sbt
lua code | .lua .luau .rockspec .p8 .wlua | .luacheckrc | lua luajit texlua | luau
elixir code | .ex .exs .eex .heex .leex | | elixir iex | ex exs heex
haskell code | .hs .hs-boot .hsc .lhs .chs | | runhaskell runghc stack | hs
bash code | .sh .bash .zsh .ksh .bats .command .ebuild .eclass .sh-session .zsh-theme .envrc .bashrc |
  .bashrc .bash_profile .bash_aliases .bash_logout .profile .zshrc .zshenv .zprofile .zlogin .zlogout .envrc
  pkgbuild apkbuild .kshrc | bash sh zsh dash ash ksh mksh bats rbash openrc-run | sh shell zsh ksh
  shellscript bats
zig code | .zig .zon | | zig |
sql code | .sql .psql .pgsql .mysql .ddl .dml .plsql .pls .pks .pkb .tsql .hql .cql | | | mysql postgresql
  plsql tsql
markdown prose | .md .markdown .mdown .mkd .mkdn .mdx .mdwn .rmd .qmd .livemd .mdc | contents.lr
  .cursorrules .windsurfrules | | md mdx
rst prose | .rst .rest .rest.txt .rst.txt | | | restructuredtext
asciidoc prose | .adoc .asciidoc | | | adoc
org prose | .org | | | orgmode
textile prose | .textile | | |
mediawiki prose | .mediawiki .wiki | | | wiki
latex prose | .tex .ltx .sty .dtx .ins .bbx .cbx .lbx | | | tex
bibtex data | .bib | | | bib
typst prose | .typ | | |
roff prose | .roff .man .mdoc .tmac .1 .2 .3 .4 .5 .6 .7 .8 .9 .1m .3x .3pm | | | man groff troff nroff
pod prose | .pod | | |
rdoc prose | .rdoc | | |
rd prose | .rd | | |
text prose | .txt .text .log .inc .tpl | readme license licence copying copyright authors contributors
  changelog changes news todo notice install thanks credits maintainers codeowners history version hacking faq
  owners patents manifest.in py.typed | | plain plaintext txt
html code | .html .htm .xhtml .shtml .jinja .jinja2 .j2 .njk .liquid .twig .mustache .hbs .handlebars .tmpl
  .gohtml | | | jinja jinja2 liquid twig handlebars mustache
css code | .css .pcss .postcss .wxss | | | postcss
scss code | .scss .sass | | | sass
less code | .less | | |
stylus code | .styl .stylus | | |
vue code | .vue | | |
svelte code | .svelte | | |
astro code | .astro | | |
erb code | .erb .rhtml .html.erb | | | rhtml
ejs code | .ejs .ect .jst | | |
haml code | .haml | | |
slim code | .slim | | |
pug code | .pug .jade | | | jade
razor code | .cshtml .razor .vbhtml | | | cshtml blazor
aspx code | .aspx .ascx .asax .ashx .asmx .asp .master | | | asp
jsp code | .jsp .jspx .tag .jspf .gsp | | |
json data | .json .json5 .jsonc .geojson .topojson .webmanifest .jsonld .avsc .gltf .ipynb .code-workspace
  .code-snippets .sublime-settings .sublime-project .har .mcmeta .arb .tfstate .sarif .cdx.json | .babelrc
  .eslintrc .jshintrc .jscsrc .arcconfig .watchmanconfig .swcrc .tern-project composer.lock flake.lock
  .prettierrc .stylelintrc .nycrc .lintstagedrc .markdownlintrc .auto-changelog .c8rc .devcontainer.json | |
  jsonc json5
jsonl data | .jsonl .ndjson | | |
yaml config | .yaml .yml .yaml-tmlanguage .syntax .reek .rviz .sublime-syntax .clang-tidy .clang-format .cff
  | .clang-format .clang-tidy .clangd .gemrc .yamllint glide.lock .yarnrc.yml .swiftlint.yml pixi.lock
  citation.cff .rubocop.yml .mambarc .condarc | | yml
toml config | .toml | cargo.lock gopkg.lock pipfile poetry.lock pdm.lock uv.lock .cargo/config | |
ini config | .ini .cfg .conf .cnf .editorconfig .prefs .properties .desktop .service .socket .timer .mount
  .target .url .lektorproject .reg .inf .pc .dof .env .pylintrc .coveragerc | .editorconfig .gitconfig
  .gitmodules .npmrc .pypirc .flake8 .coveragerc .pylintrc .hgrc .env .env.local .wgetrc .curlrc pylintrc
  .sdkmanrc tox.ini setup.cfg .pydistutils.cfg .buckconfig .yarnrc .bumpversion.cfg .gdbinit .mailmap
  buildozer.spec .sqlfluff | | cfg conf properties dosini env
ignore config | .gitignore .dockerignore .npmignore .ignore | .gitignore .dockerignore .npmignore
  .eslintignore .prettierignore .hgignore .ignore .rgignore .semindexignore .gcloudignore .vscodeignore
  .helmignore .gitattributes .slugignore .stylelintignore .gitkeep .nojekyll .git-blame-ignore-revs | |
  gitignore gitattributes
xml config | .xml .xsd .xsl .xslt .wsdl .plist .csproj .vbproj .fsproj .vcxproj .props .targets .nuspec
  .resx .xaml .axaml .storyboard .xib .pom .ant .rss .atom .kml .gpx .dtd .rng .mxml .tld .xul .xlf .xliff
  .ui .qrc .glade .config .runsettings .ruleset .shproj .slnx .sublime-snippet .tmlanguage .tmtheme .iml
  .wxs .wxi .dita .ditamap .fxml .jelly .jrxml .launch .sfproj .proj .nproj .xproj .xmi .wxl .filters
  .entitlements .xcscheme .xcworkspacedata .stylecop .dtsx .natvis .manifest .mobileconfig .metainfo
  .appdata .vsixmanifest .vstemplate .builds .lsml .ncl .zcml .sdef | pom.xml nuget.config web.config
  app.config .classpath .project packages.config .cproject settings.stylecop | | xsd xslt plist xaml msbuild
svg data | .svg | | |
font data | .bdf .sfd .afm .ttx .glif .fnt | | |
csv data | .csv .tsv .psv .tab | | | tsv
diff data | .diff .patch .rej | | | patch
dockerfile code | .dockerfile .containerfile | dockerfile containerfile | | docker containerfile
make code | .mk .mak .make .mkfile .am .makefile .kbuild | makefile gnumakefile bsdmakefile kbuild
  makefile.am makefile.in mkfile makefile.sco | make gmake | makefile mk automake
cmake code | .cmake .cmake.in | cmakelists.txt | cmake |
meson code | | meson.build meson_options.txt meson.options | |
ninja code | .ninja | | |
just code | .just | justfile .justfile | just | justfile
autoconf code | .ac .m4 | configure.ac configure.in aclocal.m4 | | m4
gn code | .gn .gni | | |
xmake code | | xmake.lua | |
nix code | .nix | | nix-shell | nixos
hcl config | .tf .tfvars .hcl .nomad .tf.json .tofu .pkr.hcl .sentinel | .terraformrc .terraform.lock.hcl |
  | terraform tf opentofu
bicep config | .bicep | | |
puppet config | .pp | | |
kconfig config | .kconfig | kconfig kconfig.debug kconfig.projbuild | |
devicetree config | .dts .dtsi .dtso .overlay | | dts
gomod config |  | go.mod go.work | | go.mod
requirements config | | requirements.txt requirements-dev.txt constraints.txt dev-requirements.txt | |
procfile config | | procfile procfile.dev | |
versions config | | .python-version .ruby-version .nvmrc .node-version .tool-versions .java-version
  .go-version .terraform-version | |
cabal config | .cabal | cabal.project cabal.project.local cabal.config | |
nginx config | .nginx .nginxconf .vhost | nginx.conf | | nginxconf
apache config | .htaccess .apache2conf | .htaccess httpd.conf apache2.conf | | apacheconf
vcl config | .vcl | | | varnish
caddyfile config | | caddyfile | |
sshconfig config | | ssh_config sshd_config | |
protobuf code | .proto .textproto .pbtxt .prototxt | | | proto proto3
thrift code | .thrift | | |
capnp code | .capnp | | | capnproto
flatbuffers code | .fbs | | | fbs
avro code | .avdl | | |
graphql code | .graphql .gql .graphqls | | | gql
prisma code | .prisma | | |
smithy code | .smithy | | |
raml config | .raml | | |
perl code | .pl .pm .t .psgi .plx .xs .al .cgi .ph .perl .fcgi | cpanfile makefile.pl build.pl rexfile |
  perl | pl
raku code | .raku .rakumod .rakutest .p6 .pm6 .pl6 .nqp | | raku perl6 | perl6
r code | .r .rprofile .rsx .s4 | .rprofile | rscript littler | rlang
julia code | .jl | | julia | jl
dart code | .dart | | dart | flutter
erlang code | .erl .hrl .escript .app.src .xrl .yrl | rebar.config rebar.lock emakefile .erlang | escript |
  erl
gleam code | .gleam | | |
clojure code | .clj .cljs .cljc .edn .bb .cljd .boot .hic | build.boot | clojure clj bb | clj cljs
  clojurescript edn
ocaml code | .ml .mli .mll .mly .eliom .ml4 .mlt .atd | .ocamlinit | ocaml ocamlrun ocamlscript | ml
dune config | .opam | dune dune-project dune-workspace opam | | opam
reason code | .re .rei .res .resi | | | rescript reasonml
fsharp code | .fs .fsi .fsx .fsscript | | fsharpi | f# fs
vb code | .vb .vba .bas .frm .vbs .vbp | | | vbnet visualbasic vba vbscript visual-basic
groovy code | .groovy .gradle .gvy .gy .gsh .grt .jenkinsfile .nf | jenkinsfile | groovy | gradle nextflow
powershell code | .ps1 .psm1 .psd1 .ps1xml .pssc | | pwsh powershell | ps1 pwsh posh
batch code | .bat .cmd .btm | | | bat cmd dosbatch
vim code | .vim .vimrc .vmb | .vimrc .gvimrc _vimrc vimrc .exrc .nvimrc init.vim | vim nvim | viml vimscript
fish code | .fish | | fish |
nushell code | .nu | | nu | nu
elvish code | .elv | | elvish |
tcl code | .tcl .adp .tm .tcl.in .exp .itcl .sdc .xdc | | tclsh wish expect | expect
awk code | .awk .gawk .mawk .nawk .auk | | awk gawk mawk nawk | gawk
jq code | .jq | | jq |
helm code | | | |
gotemplate code | .gotmpl | | | gotmpl
smarty code | .smarty | | |
sed code | .sed | | sed ssed |
objective-c code | .m .mm | | | objc objective-c++ objectivec obj-c objcpp
matlab code | .matlab .octave | | octave | octave
fortran code | .f90 .f95 .f03 .f08 .f .for .f77 .fpp .ftn .f18 .f23 | | | f90
ada code | .adb .ads .ada .gpr | | | gnat
assembly code | .asm .s .nasm .a51 .i86 .masm .yasm .sx .arm .asm6502 | | | asm nasm gas
llvm code | .ll .td .mlir | | | tablegen mlir
wasm code | .wat .wast .wit | | | wat webassembly wit
cobol code | .cob .cbl .cobol .cpy .ccp | | |
pascal code | .pas .lpr .dpr .dpk .dfm .lfm | | instantfpc | delphi objectpascal
d code | .d .di | | rdmd dub | dlang
nim code | .nim .nims .nimble .nimrod | nim.cfg | nim |
crystal code | .cr .ecr | | crystal | cr
v code | .vv .vsh | v.mod | v | vlang
odin code | .odin | | |
hare code | .ha | | |
vala code | .vala .vapi | | |
haxe code | .hx .hxml .hxsl | | | hx
elm code | .elm | | |
purescript code | .purs | | | purs
idris code | .idr .ipkg | | |
agda code | .agda .lagda .lagda.md | | |
lean code | .lean .hlean | | |
coq code | .coq | _coqproject | | rocq
isabelle code | .thy | | |
prolog code | .prolog .yap .lgt | | swipl | swipl
scheme code | .scm .ss .sld .sls .sps .sch | | guile chibi-scheme csi gosh mit-scheme chez | scm guile
racket code | .rkt .rktd .rktl .scrbl | | racket | rkt
commonlisp code | .lisp .lsp .asd .l .ny .podsl .sexp | | sbcl clisp ccl ecl | lisp common-lisp cl
emacslisp code | .el .emacs .emacs.desktop | .emacs cask eask .spacemacs | emacs | elisp emacs-lisp emacs
fennel code | .fnl | | fennel |
janet code | .janet | | janet |
hy code | .hy | | hy |
smalltalk code | .st .tonel | | gst |
forth code | .fth .4th .forth .frt | | gforth |
apl code | .apl .dyalog .aplf .bqn | | apl dyalog | bqn
solidity code | .sol | | | sol
vyper code | .vy | | |
move code | .move | | |
cairo code | .cairo | | |
verilog code | .v .vh .sv .svh .veo .vlg | | | systemverilog sv
vhdl code | .vhd .vhdl .vho .vht | | |
bluespec code | .bsv .bs | | |
glsl code | .glsl .vert .frag .geom .comp .tesc .tese .vs .fsh .shader .rgen .rchit .mesh .task .glslv
  .glslf | | | shader
hlsl code | .hlsl .hlsli .fx .fxh .cginc .usf .ush | | |
wgsl code | .wgsl | | |
opencl code | .opencl .cl .clcpp | | |
gdscript code | .gd | | | gd godot
godot config | .tscn .tres .godot .gdshader | | |
actionscript code | .as | | | as3
coffeescript code | .coffee .litcoffee .cson .iced | cakefile | coffee | coffee
livescript code | .ls | | lsc |
apex code | .apex .trigger .cls | | | salesforce
abap code | .abap | | |
sas code | .sas | | |
stata code | .do .ado | | |
mathematica code | .wl .wls .mt | | wolframscript | wolfram
maxima code | .mac | | |
gnuplot code | .gp .gnu .gnuplot | | gnuplot |
graphviz code | .dot .gv | | | dot
plantuml code | .puml .plantuml .iuml .pu | | | puml
mermaid code | .mmd .mermaid | | |
postscript code | .ps .eps .pfa | | |
openscad code | .scad | | |
rebol code | .rebol .reb .r3 | | rebol |
red code | .red .reds | | red |
supercollider code | .scd | | sclang |
autohotkey code | .ahk .ahkl | | | ahk
autoit code | .au3 | | |
applescript code | .applescript | | osascript |
nsis code | .nsi .nsh | | |
inno code | .iss | | |
rpmspec code | .spec | | | rpm spec
bitbake code | .bbappend .bbclass | | | yocto
ledger data | .ledger .beancount | | | beancount
gherkin code | .feature | | | cucumber
robot code | .robot .resource | | | robotframework
jsonnet code | .jsonnet .libsonnet | | |
cue code | .cue | | | cuelang
dhall code | .dhall | | |
rego code | .rego | | | opa
pkl code | .pcf | | |
ql code | .ql .qll | | | codeql
sparql code | .sparql .rq | | |
turtle data | .ttl .n3 .nt .nq .trig .owl | | | rdf
antlr code | .g4 .g3 .g | | |
yacc code | .y .yy .yacc | | | bison
lex code | .lex .flex .re2c | | | flex
ebnf code | .ebnf .bnf .abnf | | | bnf
peg code | .peg .pegjs .pest .lark .jj .jjt .ungram | | |
asn1 code | .asn .asn1 | | |
gettext data | .po .pot | | | po
strings data | .strings .stringsdict .xcstrings | | |
subtitles data | .srt .vtt | | | srt
gcode data | .gcode | | |
mesh data | .obj .stl .ply .mtl .off | | |
qmake code | .pri .prf .pro | | |
qml code | .qml .qbs | | qml |
mojo code | .mojo | | mojo |
ballerina code | .bal | | |
chapel code | .chpl | | |
pony code | .pony | | |
eiffel code | .e | | |
oz code | .oz | | |
zephir code | .zep | | |
hack code | .hack .hhi | | hhvm |
qsharp code | .qs | | | q#
xquery code | .xq .xquery .xqm .xqy | | |
dafny code | .dfy | | |
tla code | .tla | | | tlaplus
alloy code | .als | | |
modelica code | .mo | | |
pine code | .pine | | |
linkerscript code | .ld .lds .lds.s | | |
lockfile data | .lock .lockfile .lockb | package-lock.json yarn.lock pnpm-lock.yaml gemfile.lock go.sum
  go.work.sum | |
"""


class Languages(NamedTuple):
    """The languages' kinds by their names; then their names by what tells them, in the columns' order."""

    kinds: dict[str, str]
    by_extension: dict[str, str]
    by_name: dict[str, str]
    """By the name of a file."""
    by_interpreter: dict[str, str]
    canonical: dict[str, str]
    """By their own names and by other names."""


@cache
def languages() -> Languages:
    """The table, which is parsed when it is first asked for: most searches have no use for it."""
    found = Languages({}, {}, {}, {}, {})
    for line in _TABLE.strip().replace("\n  ", " ").splitlines():
        (name, kind), *columns = (column.split() for column in line.split("|"))
        found.kinds[name] = kind
        found.canonical[name] = name
        for words, table in zip(columns, found[1:], strict=False):
            for word in words:
                table.setdefault(word, name)
    return found
