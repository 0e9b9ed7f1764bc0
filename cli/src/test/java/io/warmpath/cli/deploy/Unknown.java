package io.warmpath.cli.deploy;

import com.google.errorprone.annotations.Var;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds the properties of a Kubernetes model that its type does not know. */
final class Unknown {

  private Unknown() {}

  /** Adds the unknown properties of {@code value} and all below it, by path. */
  static void collect(@Nullable Object value, String path, Map<String, Object> found) {
    switch (value) {
      case null -> {}
      case Collection<?> values -> {
        @Var int i = 0;
        for (Object element : values) {
          collect(element, path + "[" + i++ + "]", found);
        }
      }
      default -> {
        if (value.getClass().getName().startsWith("io.fabric8.")) {
          collectOfModel(value, path, found);
        }
      }
    }
  }

  private static void collectOfModel(Object model, String path, Map<String, Object> found) {
    for (Method method : model.getClass().getMethods()) {
      if (method.getParameterCount() > 0 || !method.getName().startsWith("get")) {
        continue;
      }
      String name = method.getName().substring(3);
      Object value = call(model, method);
      if (name.equals("AdditionalProperties")) {
        ((Map<?, ?>) value).forEach((key, unknown) -> found.put(path + "." + key, unknown));
      } else if (!name.equals("Class")) {
        collect(value, path + "." + name, found);
      }
    }
  }

  private static Object call(Object model, Method method) {
    try {
      return method.invoke(model);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException(method + " of " + model.getClass(), e);
    }
  }
}
