package io.warmpath.config;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the shape of a config file from an annotated record. */
final class Schema {

  private Schema() {}

  /**
   * Returns the shape of {@code type}.
   *
   * @throws IllegalArgumentException when the record itself is at fault, naming the component
   */
  static Shape.Section of(Class<? extends Record> type) {
    return section(type, List.of());
  }

  private static Shape.Section section(Class<?> type, List<Class<?>> outer) {
    if (outer.contains(type)) {
      throw new IllegalArgumentException(type.getName() + " contains itself");
    }
    List<Class<?>> path = new ArrayList<>(outer);
    path.add(type);
    List<Shape.Field> fields = new ArrayList<>();
    for (RecordComponent component : type.getRecordComponents()) {
      fields.add(field(component, path));
    }
    return new Shape.Section(constructor(type), List.copyOf(fields));
  }

  private static Shape.Field field(RecordComponent component, List<Class<?>> path) {
    @Nullable Setting setting = component.getAnnotation(Setting.class);
    String where = component.getDeclaringRecord().getName() + "." + component.getName();
    if (setting == null) {
      throw new IllegalArgumentException(where + " has no @Setting");
    }
    Shape shape = shape(component.getGenericType(), setting, path, where);
    boolean nullable = isNullable(component.getAnnotatedType());
    return new Shape.Field(component.getName(), setting, shape, nullable, range(setting, shape));
  }

  private static boolean isNullable(AnnotatedElement type) {
    return type.isAnnotationPresent(Nullable.class);
  }

  private static Shape shape(Type type, Setting setting, List<Class<?>> path, String where) {
    if (type instanceof ParameterizedType generic) {
      Type[] arguments = generic.getActualTypeArguments();
      if (generic.getRawType() == List.class) {
        return new Shape.Sequence(shape(arguments[0], setting, path, where));
      }
      if (generic.getRawType() == Map.class && arguments[0] == String.class) {
        return new Shape.Mapping(shape(arguments[1], setting, path, where));
      }
    }
    if (type instanceof Class<?> plain) {
      Shape.@Nullable Scalar scalar = Scalars.of(plain, setting);
      if (scalar != null) {
        return scalar;
      }
      if (plain.isRecord()) {
        return section(plain, path);
      }
    }
    throw new IllegalArgumentException(where + " has a type that no setting can have: " + type);
  }

  private static Range range(Setting setting, Shape shape) {
    boolean ofLength = !(shape instanceof Shape.Scalar scalar) || isText(scalar);
    return new Range(
        bound(setting.min(), shape, ofLength),
        bound(setting.max(), shape, ofLength),
        setting.min(),
        setting.max(),
        setting.unit(),
        ofLength);
  }

  private static boolean isText(Shape.Scalar scalar) {
    return scalar.allowed().equals("a text");
  }

  private static @Nullable Comparable<?> bound(String text, Shape shape, boolean ofLength) {
    if (text.isEmpty()) {
      return null;
    }
    return ofLength
        ? Integer.valueOf(text)
        : (Comparable<?>) ((Shape.Scalar) shape).parser().parse(text, Path.of(""));
  }

  private static Constructor<?> constructor(Class<?> type) {
    Class<?>[] parameters =
        Arrays.stream(type.getRecordComponents())
            .map(RecordComponent::getType)
            .toArray(Class<?>[]::new);
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(parameters);
      constructor.setAccessible(true);
      return constructor;
    } catch (NoSuchMethodException e) {
      throw new IllegalArgumentException(type + " is no record", e);
    }
  }
}
