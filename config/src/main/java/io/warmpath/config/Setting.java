package io.warmpath.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Says what a component of a config record means and allows; the validation and the documentation
 * are both made from it.
 *
 * <p>The key in the file is the component's name. A component without a default is required, unless
 * it is {@code @Nullable} (absent means null), a list or map (absent means empty) or a record
 * (absent means its own defaults). Rules between several components belong into the record's
 * compact constructor, whose {@link IllegalArgumentException} is reported with the place in the
 * file; a {@link RefusedSettingException} names a place below the record.
 *
 * <p>Types: {@code int}, {@code long}, {@code double}, {@code boolean}, {@link String}, {@link
 * java.time.Duration} ({@code 250ms}, {@code 3s}), {@link java.nio.file.Path} (relative to the
 * file), {@link java.net.URI}, {@link Secret}, enums ({@code ROUND_ROBIN} is written {@code
 * round-robin}), any type with a static {@code parse(String)} that throws {@link
 * IllegalArgumentException} with what is allowed, records, {@code List<T>} and {@code Map<String,
 * T>}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {

  /** Stands for: no default. */
  String NO_DEFAULT = "\0";

  /** One or two sentences for the documentation. */
  String doc();

  /** The default in the file's own notation. */
  String defaultValue() default NO_DEFAULT;

  /** Smallest value; of a string, list or map the smallest length. */
  String min() default "";

  /** Largest value; of a string, list or map the largest length. */
  String max() default "";

  /** The values a string may have; empty for any. */
  String[] allowed() default {};

  /**
   * The unit of a number, for the documentation. {@code bytes} also admits the suffixes {@code
   * KiB}, {@code MiB} and {@code GiB}.
   */
  String unit() default "";

  /** Whether a change takes effect without a restart. */
  boolean reloadable() default false;
}
