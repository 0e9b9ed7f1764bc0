package io.warmpath.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The values a setting can have, and how each is written. */
final class Scalars {

  private static final Pattern WHOLE = Pattern.compile("-?(?:0|[1-9][0-9]*(?:_[0-9]+)*)");
  private static final Pattern DECIMAL =
      Pattern.compile("-?(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?");
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,12})(KiB|MiB|GiB)");
  private static final Pattern DURATION =
      Pattern.compile("([0-9]{1,12}(?:\\.[0-9]{1,9})?)(ns|us|ms|s|m|h|d)");

  private Scalars() {}

  /** Returns the shape of a value of {@code type}, or null when the type is no scalar. */
  static Shape.@Nullable Scalar of(Class<?> type, Setting setting) {
    if (type == String.class) {
      return text(List.of(setting.allowed()));
    }
    if (type == int.class || type == Integer.class) {
      return plain("a whole number", text -> Math.toIntExact(whole(text, Integer.MAX_VALUE)));
    }
    if (type == long.class || type == Long.class) {
      return setting.unit().equals("bytes")
          ? plain("a size such as 4096 or 64MiB", Scalars::size)
          : plain("a whole number", text -> whole(text, Long.MAX_VALUE));
    }
    if (type == double.class || type == Double.class) {
      return plain("a number", Scalars::decimal);
    }
    if (type == boolean.class || type == Boolean.class) {
      return choice(List.of("true", "false"), Boolean::valueOf);
    }
    if (type == Duration.class) {
      return plain("a duration such as 250ms, 3s or 5m", Scalars::duration);
    }
    if (type == Path.class) {
      return new Shape.Scalar(
          "a path", List.of(), false, (text, directory) -> path(text, directory));
    }
    if (type == URI.class) {
      return plain("an absolute URL such as http://127.0.0.1:8000", Scalars::url);
    }
    return type.isEnum() ? constants(type) : parsed(type);
  }

  private static Shape.Scalar text(List<String> allowed) {
    return allowed.isEmpty() ? plain("a text", text -> text) : choice(allowed, text -> text);
  }

  private static Shape.Scalar plain(String allowed, Function<String, Object> f) {
    return new Shape.Scalar(
        allowed,
        List.of(),
        false,
        (text, directory) -> {
          try {
            return f.apply(text);
          } catch (ArithmeticException | NumberFormatException e) {
            throw new IllegalArgumentException(allowed, e);
          }
        });
  }

  private static Shape.Scalar choice(List<String> choices, Function<String, Object> f) {
    String allowed =
        choices.size() == 1 ? choices.getFirst() : "one of " + String.join(", ", choices);
    return new Shape.Scalar(
        allowed,
        choices,
        false,
        (text, directory) -> {
          if (!choices.contains(text)) {
            @Nullable String nearest = NearestName.of(text, choices);
            throw new IllegalArgumentException(
                nearest == null ? allowed : allowed + "; did you mean " + nearest + "?");
          }
          return f.apply(text);
        });
  }

  private static Shape.Scalar constants(Class<?> type) {
    List<Object> constants = Arrays.asList((Object[]) type.getEnumConstants());
    List<String> names = constants.stream().map(c -> constantName((Enum<?>) c)).toList();
    return choice(names, text -> constants.get(names.indexOf(text)));
  }

  /** Returns how a constant is written in a file: {@code ROUND_ROBIN} is {@code round-robin}. */
  static String constantName(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Returns the shape of a type with a static {@code parse(String)}, or null without one. */
  private static Shape.@Nullable Scalar parsed(Class<?> type) {
    Method parse;
    try {
      parse = type.getDeclaredMethod("parse", String.class);
    } catch (NoSuchMethodException e) {
      return null;
    }
    if (!Modifier.isStatic(parse.getModifiers()) || parse.getReturnType() != type) {
      return null;
    }
    parse.setAccessible(true);
    @Nullable Form form = type.getAnnotation(Form.class);
    return new Shape.Scalar(
        form == null ? type.getSimpleName() : form.value(),
        List.of(),
        type == Secret.class,
        (text, directory) -> invoke(parse, text));
  }

  private static Object invoke(Method parse, String text) {
    try {
      return parse.invoke(null, text);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException refused) {
        throw refused;
      }
      throw new IllegalStateException(parse + " failed", e);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  private static long whole(String text, long max) {
    long value = Long.parseLong(matched(WHOLE, text).group().replace("_", ""));
    if (value > max || value < -max) {
      throw new ArithmeticException("beyond " + max);
    }
    return value;
  }

  private static Object size(String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      return whole(text, Long.MAX_VALUE);
    }
    int shift = 10 * (List.of("KiB", "MiB", "GiB").indexOf(matcher.group(2)) + 1);
    return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift);
  }

  private static Object decimal(String text) {
    double value = Double.parseDouble(matched(DECIMAL, text).group().replace("_", ""));
    if (Double.isInfinite(value)) {
      throw new ArithmeticException("too large");
    }
    return value;
  }

  private static Object duration(String text) {
    Matcher matcher = matched(DURATION, text);
    long unitNanos = durationUnit(matcher.group(2)).getDuration().toNanos();
    BigDecimal nanos = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unitNanos));
    return Duration.ofNanos(nanos.longValueExact());
  }

  private static ChronoUnit durationUnit(String suffix) {
    return switch (suffix) {
      case "ns" -> ChronoUnit.NANOS;
      case "us" -> ChronoUnit.MICROS;
      case "ms" -> ChronoUnit.MILLIS;
      case "s" -> ChronoUnit.SECONDS;
      case "m" -> ChronoUnit.MINUTES;
      case "h" -> ChronoUnit.HOURS;
      case "d" -> ChronoUnit.DAYS;
      default -> throw new IllegalArgumentException(suffix);
    };
  }

  private static Matcher matched(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.matches()) {
      throw new NumberFormatException(text);
    }
    return matcher;
  }

  private static Object path(String text, Path directory) {
    if (text.isEmpty() || text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("a path");
    }
    return directory.resolve(text).normalize();
  }

  private static Object url(String text) {
    String allowed = "an absolute URL such as http://127.0.0.1:8000";
    try {
      URI uri = new URI(text);
      if (uri.getScheme() == null || uri.getHost() == null) {
        throw new IllegalArgumentException(allowed);
      }
      return uri;
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(allowed, e);
    }
  }
}
