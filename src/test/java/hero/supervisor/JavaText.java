package hero.supervisor;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.MemberReferenceTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/// One Java file as the compiler's parser sees it: what it declares, what it uses, and where. Names are as
/// written; nothing is resolved.
///
/// @param types simple names of all types, nested ones too
/// @param uses `Owner.member` for each member that is read, called or referred to, `new Type` for each
/// construction
/// @param annotations simple names
/// @param calls names of called methods, without owner
record JavaText(
        String path,
        String text,
        List<Place> types,
        List<Method> methods,
        List<Place> uses,
        List<Place> annotations,
        List<Place> imports,
        List<Place> calls) {

    record Place(String name, int line) {}

    record Method(String name, int line, int lines, List<String> annotations) {}

    static JavaText parse(String path, String text) {
        return parse(Map.of(path, text)).getFirst();
    }

    /// Texts by their paths, in one go: a compiler takes longer to be made than to read a file.
    static List<JavaText> parse(Map<String, String> texts) {
        List<Memory> sources = texts.entrySet().stream()
                .map(file -> new Memory(file.getKey(), file.getValue()))
                .toList();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        JavacTask task =
                (JavacTask) compiler.getTask(null, null, diagnostic -> {}, List.of("-proc:none"), null, sources);
        List<JavaText> files = new ArrayList<>();
        try {
            SourcePositions positions = Trees.instance(task).getSourcePositions();
            for (CompilationUnitTree unit : task.parse()) {
                Memory source = sources.get(files.size());
                JavaText file = new JavaText(source.path, source.text);
                file.new Walk(unit, positions).scan(unit, null);
                files.add(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }

    private JavaText(String path, String text) {
        this(
                path,
                text,
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>());
    }

    int lines() {
        return (int) text.lines().count();
    }

    boolean isTest() {
        return path.startsWith("src/test/");
    }

    private static final class Memory extends SimpleJavaFileObject {
        private final String path;
        private final String text;

        Memory(String path, String text) {
            super(URI.create("string:///" + path), JavaFileObject.Kind.SOURCE);
            this.path = path;
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private final class Walk extends TreeScanner<@Nullable Void, @Nullable Void> {
        private final CompilationUnitTree unit;
        private final SourcePositions positions;

        Walk(CompilationUnitTree unit, SourcePositions positions) {
            this.unit = unit;
            this.positions = positions;
        }

        private int line(Tree tree) {
            return line(positions.getStartPosition(unit, tree));
        }

        private int line(long position) {
            return position < 0 ? 1 : (int) unit.getLineMap().getLineNumber(position);
        }

        @Override
        public @Nullable Void visitClass(ClassTree type, @Nullable Void nothing) {
            if (!type.getSimpleName().isEmpty()) {
                types.add(new Place(type.getSimpleName().toString(), line(type)));
            }
            return super.visitClass(type, null);
        }

        @Override
        public @Nullable Void visitMethod(MethodTree method, @Nullable Void nothing) {
            int first = line(method);
            int last = line(positions.getEndPosition(unit, method));
            List<String> marks = method.getModifiers().getAnnotations().stream()
                    .map(a -> lastName(a.getAnnotationType()))
                    .toList();
            methods.add(new Method(method.getName().toString(), first, last - first + 1, marks));
            return super.visitMethod(method, null);
        }

        @Override
        public @Nullable Void visitMemberSelect(MemberSelectTree select, @Nullable Void nothing) {
            uses.add(new Place(lastName(select.getExpression()) + "." + select.getIdentifier(), line(select)));
            return super.visitMemberSelect(select, null);
        }

        @Override
        public @Nullable Void visitMemberReference(MemberReferenceTree reference, @Nullable Void nothing) {
            String owner = lastName(reference.getQualifierExpression());
            boolean construction = reference.getMode() == MemberReferenceTree.ReferenceMode.NEW;
            uses.add(new Place(construction ? "new " + owner : owner + "." + reference.getName(), line(reference)));
            return super.visitMemberReference(reference, null);
        }

        @Override
        public @Nullable Void visitNewClass(NewClassTree construction, @Nullable Void nothing) {
            uses.add(new Place("new " + lastName(construction.getIdentifier()), line(construction)));
            return super.visitNewClass(construction, null);
        }

        @Override
        public @Nullable Void visitAnnotation(AnnotationTree annotation, @Nullable Void nothing) {
            annotations.add(new Place(lastName(annotation.getAnnotationType()), line(annotation)));
            return super.visitAnnotation(annotation, null);
        }

        @Override
        public @Nullable Void visitImport(ImportTree tree, @Nullable Void nothing) {
            imports.add(new Place(tree.getQualifiedIdentifier().toString(), line(tree)));
            if (tree.isStatic()) {
                return super.visitImport(tree, null); // counts as a use of the member
            }
            return null;
        }

        @Override
        public @Nullable Void visitMethodInvocation(MethodInvocationTree call, @Nullable Void nothing) {
            calls.add(new Place(lastName(call.getMethodSelect()), line(call)));
            return super.visitMethodInvocation(call, null);
        }

        private static String lastName(Tree tree) {
            if (tree instanceof MemberSelectTree select) {
                return select.getIdentifier().toString();
            } else if (tree instanceof IdentifierTree identifier) {
                return identifier.getName().toString();
            }
            return tree.toString().replaceAll("<.*", "").toLowerCase(Locale.ROOT);
        }
    }
}
