// Prints what the compiler of TypeScript says of the names in a project, as JSON a line.
//
//   node oracle.cjs TYPESCRIPT_LIBRARY FOLDER [NAME=PATH...] < FILES
//
// FILES are the paths of the source files below FOLDER, each ended by a zero byte. Packages are those that
// FOLDER/node_modules has; NAME=PATH says where a package of the repository itself has its source.

const fs = require("fs");
const path = require("path");

const ts = require(process.argv[2]);
const root = fs.realpathSync(process.argv[3]);
const paths = Object.fromEntries(process.argv.slice(4).map((flag) => [flag.split("=")[0], [flag.split("=")[1]]]));
const names = fs.readFileSync(0, "utf8").split("\0").filter((name) => name);

const program = ts.createProgram(
  names.map((name) => path.join(root, name)),
  {
    allowJs: true, checkJs: false, noEmit: true, skipLibCheck: true, esModuleInterop: true, strict: true,
    noImplicitAny: false, resolveJsonModule: true, jsx: ts.JsxEmit.Preserve, target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, paths,
    baseUrl: root, ignoreDeprecations: "5.0",
  },
);
const checker = program.getTypeChecker();
const MOST_ALIASES = 8;

for (const name of names) {
  const file = program.getSourceFile(path.join(root, name));
  if (file && !file.isDeclarationFile) describe(file, name);
}

function describe(file, name) {
  const called = new Set();
  const visit = (node) => {
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) called.add(callee(node.expression));
    if (ts.isTaggedTemplateExpression(node)) called.add(callee(node.tag));
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) print(file, name, node, called.has(node));
    ts.forEachChild(node, visit);
  };
  visit(file);
}

function callee(node) {
  if (ts.isPropertyAccessExpression(node)) return node.name;
  const wraps = ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node) || ts.isAsExpression(node);
  return wraps ? callee(node.expression) : node;
}

function print(file, name, node, call) {
  const symbol = checker.getSymbolAtLocation(node);
  const declarations = symbol ? definitions(symbol, 0) : [];
  if (!declarations.length || declarations.some((each) => ts.getNameOfDeclaration(each) === node)) return;
  const inside = declarations.filter((each) => relative(each.getSourceFile().fileName));
  const targets = inside.flatMap(targetsOf);
  const declared = targets.length > 0 && targets.every((target) => /\.d\.[cm]?ts$/.test(target.path));
  const verdict = !inside.length ? "external" : !targets.length ? "value" : declared ? "broken" : "internal";
  if (!call && verdict !== "internal") return;
  const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
  const start = file.getPositionOfLineAndCharacter(line, 0);
  const column = Buffer.byteLength(file.text.slice(start, start + character)) + 1;
  const reason = declared ? "a declaration file stands for the implementation" : "";
  const site = { path: name, line: line + 1, column, name: node.text, call, verdict, reason };
  process.stdout.write(JSON.stringify({ ...site, targets: verdict === "internal" ? targets : [] }) + "\n");
}

// The declarations of what a symbol stands for, through imports, exports and names that are given to others.
function definitions(symbol, depth) {
  const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
  const meant = isAlias ? checker.getAliasedSymbol(symbol) : symbol;
  const found = (meant.declarations ?? []).flatMap((declaration) => {
    const given = depth < MOST_ALIASES && renamed(declaration);
    const next = given && checker.getSymbolAtLocation(given);
    const further = next && next !== meant ? definitions(next, depth + 1) : [];
    return further.length ? further : [declaration];
  });
  return isAlias && !found.some((each) => targetsOf(each).length) ? exported(meant) ?? found : found;
}

// The function or class that a module is, where `module.exports = require("./other")` hands it on.
function exported(symbol) {
  const declarations = checker.getTypeOfSymbol(symbol).symbol?.declarations;
  return declarations?.some((each) => ts.isFunctionDeclaration(each) || ts.isClassLike(each)) && declarations;
}

// The name that a declaration takes over, as `exports.f = f`, `{ f }`, `{ f: g }` and `const f = g` do.
function renamed(declaration) {
  if (ts.isShorthandPropertyAssignment(declaration)) {
    const value = checker.getShorthandAssignmentValueSymbol(declaration)?.valueDeclaration;
    return value && ts.getNameOfDeclaration(value);
  }
  const variable = ts.isVariableDeclaration(declaration);
  if (variable && !(ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const)) return undefined;
  const value = variable || ts.isPropertyAssignment(declaration) ? declaration.initializer : assigned(declaration);
  const name = value && callee(value);
  return name && ts.isIdentifier(name) ? name : undefined;
}

function assigned(declaration) {
  const node = ts.isBinaryExpression(declaration) ? declaration : declaration.parent;
  return node && ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken
    ? chained(node.right) : undefined;
}

function chained(value) {
  return ts.isBinaryExpression(value) && value.operatorToken.kind === ts.SyntaxKind.EqualsToken
    ? chained(value.right) : value;
}

// The places where a declaration can be called: a class and its constructors, a function, a value that is one.
function targetsOf(declaration) {
  if (ts.isClassLike(declaration)) {
    const constructors = declaration.members.filter(ts.isConstructorDeclaration);
    return [place(declaration), ...constructors.map(place)];
  }
  const value = declaration.initializer ?? assigned(declaration);
  const isFunction = ts.isFunctionLike(declaration) && !ts.isAccessor(declaration) && !ts.isTypeNode(declaration);
  if (isFunction || (value && isFunctionValue(value))) return [place(declaration)];
  return value && ts.isClassExpression(value) ? [place(declaration), ...targetsOf(value)] : [];
}

function isFunctionValue(value) {
  const inner = callee(value);
  return ts.isFunctionExpression(inner) || ts.isArrowFunction(inner);
}

function place(declaration) {
  const file = declaration.getSourceFile();
  const node = ts.getNameOfDeclaration(declaration) ?? declaration;
  return { path: relative(file.fileName), line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1 };
}

function relative(name) {
  const below = path.relative(root, name).split(path.sep).join("/");
  return below.startsWith("../") || below.includes("node_modules/") ? "" : below;
}
