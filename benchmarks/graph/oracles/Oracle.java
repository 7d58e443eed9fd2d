import com.sun.source.tree.*;
import com.sun.source.util.*;
import com.sun.tools.javac.tree.JCTree;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import javax.lang.model.element.*;
import javax.lang.model.type.TypeKind;
import javax.tools.*;

/**
 * Prints what javac says of each call in Java files, as JSON a line.
 *
 * <p>{@code java Oracle.java FOLDER [OPTION...] < FILES}: FILES are the paths below FOLDER, each ended by a zero byte,
 * and the options are javac's. Classes that are missing make their names unknown, no error.
 */
public class Oracle {
  private final Path root;
  private final Trees trees;
  private final PrintStream out =
      new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);

  private Oracle(Path root, Trees trees) {
    this.root = root;
    this.trees = trees;
  }

  public static void main(String[] arguments) throws IOException {
    Path root = Path.of(arguments[0]).toRealPath();
    List<File> files = new ArrayList<>();
    for (String name : new String(System.in.readAllBytes(), StandardCharsets.UTF_8).split("\0")) {
      if (!name.isEmpty()) files.add(root.resolve(name).toFile());
    }
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> unread = new DiagnosticCollector<>();
    StandardJavaFileManager manager = compiler.getStandardFileManager(unread, null, StandardCharsets.UTF_8);
    List<String> options = new ArrayList<>(List.of("-proc:none", "-XDshould-stop.ifError=FLOW", "-Xmaxerrs", "1"));
    options.addAll(Arrays.asList(arguments).subList(1, arguments.length));
    JavacTask task = (JavacTask)
        compiler.getTask(null, manager, unread, options, null, manager.getJavaFileObjectsFromFiles(files));
    List<CompilationUnitTree> units = new ArrayList<>();
    task.parse().forEach(units::add);
    task.analyze();
    Oracle oracle = new Oracle(root, Trees.instance(task));
    for (CompilationUnitTree unit : units) oracle.describe(unit);
    oracle.out.flush();
  }

  private void describe(CompilationUnitTree unit) throws IOException {
    Source source = Source.of(unit, root);
    new TreePathScanner<Void, Void>() {
      @Override
      public Void visitMethodInvocation(MethodInvocationTree tree, Void none) {
        ExpressionTree callee = tree.getMethodSelect();
        print(source, callee, trees.getElement(new TreePath(getCurrentPath(), callee)), true);
        return super.visitMethodInvocation(tree, none);
      }

      @Override
      public Void visitNewClass(NewClassTree tree, Void none) {
        print(source, tree.getIdentifier(), made(tree), true);
        return super.visitNewClass(tree, none);
      }

      // An anonymous class has a constructor of its own; who writes it means its superclass or interface.
      private Element made(NewClassTree tree) {
        if (tree.getClassBody() == null) return trees.getElement(getCurrentPath());
        Tree name = tree.getIdentifier();
        return trees.getElement(new TreePath(getCurrentPath(), plain(name)));
      }

      @Override
      public Void visitMemberReference(MemberReferenceTree tree, Void none) {
        print(source, tree, trees.getElement(getCurrentPath()), false);
        return super.visitMemberReference(tree, none);
      }
    }.scan(unit, null);
  }

  private static Tree plain(Tree name) {
    if (name instanceof ParameterizedTypeTree typed) return plain(typed.getType());
    return name instanceof AnnotatedTypeTree marked ? plain(marked.getUnderlyingType()) : name;
  }

  private void print(Source source, Tree callee, Element element, boolean call) {
    Tree name = plain(callee);
    String text =
        name instanceof MemberSelectTree select ? select.getIdentifier().toString()
        : name instanceof IdentifierTree identifier ? identifier.getName().toString()
        : name instanceof MemberReferenceTree reference ? reference.getName().toString() : "";
    long end = trees.getSourcePositions().getEndPosition(source.unit, name);
    boolean own = text.equals("this") || text.equals("super") || text.equals("<init>") || text.isEmpty();
    if (own || end < 0 || element == null || element.asType().getKind() == TypeKind.ERROR) return;
    List<String> targets = new ArrayList<>();
    boolean internal = addTargets(element, targets);
    if (!call && !internal) return;
    out.printf(
        "{\"path\":%s,\"line\":%d,\"column\":%d,\"name\":%s,\"call\":%b,\"verdict\":\"%s\",\"targets\":[%s]}%n",
        quoted(source.path), source.line(end - text.length()), source.column(end - text.length()), quoted(text), call,
        internal ? "internal" : "external", String.join(",", targets));
  }

  // The method with its overloads, or the class with its constructors.
  private boolean addTargets(Element element, List<String> targets) {
    boolean isClass = element.getKind().isClass() || element.getKind().isInterface();
    Element owner = isClass ? element : element.getEnclosingElement();
    if (owner == null || trees.getPath(owner) == null) return false;
    boolean made = isClass || element.getKind() == ElementKind.CONSTRUCTOR;
    if (made) add(owner, targets);
    for (Element each : owner.getEnclosedElements()) {
      boolean constructor = each.getKind() == ElementKind.CONSTRUCTOR;
      boolean same = each.getKind() == ElementKind.METHOD && each.getSimpleName().equals(element.getSimpleName());
      if (made ? constructor : same) add(each, targets);
    }
    return !targets.isEmpty();
  }

  private void add(Element element, List<String> targets) {
    TreePath path = trees.getPath(element);
    if (path == null) return;
    Source source = Source.of(path.getCompilationUnit(), root);
    long from = ((JCTree) path.getLeaf()).pos;
    String name = element.getKind() == ElementKind.CONSTRUCTOR
        ? element.getEnclosingElement().getSimpleName().toString() : element.getSimpleName().toString();
    int at = source.text.indexOf(name, (int) from);
    String target = "{\"path\":" + quoted(source.path) + ",\"line\":" + source.line(at < 0 ? from : at) + "}";
    if (!targets.contains(target)) targets.add(target);
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  /** The text of a file, and the places in it as people count them. */
  private static final class Source {
    private static final Map<CompilationUnitTree, Source> READ = new HashMap<>();
    final CompilationUnitTree unit;
    final String path;
    final String text;

    private Source(CompilationUnitTree unit, Path root) {
      this.unit = unit;
      this.path = root.relativize(Path.of(unit.getSourceFile().toUri())).toString().replace(File.separatorChar, '/');
      try {
        this.text = unit.getSourceFile().getCharContent(true).toString();
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }

    static Source of(CompilationUnitTree unit, Path root) {
      return READ.computeIfAbsent(unit, each -> new Source(each, root));
    }

    /** The line of a character, from 1. */
    long line(long at) {
      return unit.getLineMap().getLineNumber(at);
    }

    /** The column of a character in bytes of UTF-8, from 1. */
    int column(long at) {
      int start = text.lastIndexOf('\n', (int) at - 1) + 1;
      return text.substring(start, (int) at).getBytes(StandardCharsets.UTF_8).length + 1;
    }
  }
}
