package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.Var;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A plot of named series as SVG text: lines over a linear or logarithmic axis, or bars. */
final class SvgPlot {

  private static final int WIDTH = 640;
  private static final int HEIGHT = 320;
  private static final int LEFT = 56;
  private static final int BOTTOM = 44;
  private static final int TOP = 28;
  private static final int RIGHT = 16;
  private static final String[] COLORS = {
    "#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f",
    "#bcbd22", "#17becf", "#393b79", "#637939"
  };

  private final String title;
  private final Axis horizontal;
  private final Axis vertical;
  private final List<String> marks = new ArrayList<>();

  /** An empty plot. */
  SvgPlot(String title, Axis horizontal, Axis vertical) {
    this.title = title;
    this.horizontal = horizontal;
    this.vertical = vertical;
  }

  /**
   * An axis.
   *
   * @param label what it shows
   * @param least the value at its start, above 0 when logarithmic
   * @param most the value at its end
   * @param logarithmic whether equal steps are equal ratios
   */
  record Axis(String label, double least, double most, boolean logarithmic) {

    double share(double value) {
      double share =
          logarithmic
              ? Math.log(value / least) / Math.log(most / least)
              : (value - least) / (most - least);
      return Math.clamp(share, 0, 1);
    }

    List<Double> ticks() {
      List<Double> ticks = new ArrayList<>();
      if (logarithmic) {
        for (@Var double value = least; value <= most * 1.001; value *= 10) {
          ticks.add(value);
        }
      } else {
        for (int i = 0; i <= 5; i++) {
          ticks.add(least + (most - least) * i / 5);
        }
      }
      return ticks;
    }
  }

  /** The color of series {@code index}. */
  static String color(int index) {
    return COLORS[index % COLORS.length];
  }

  /** Adds a line through the points, with a dot at each when there are few. */
  void line(int series, double[] xs, double[] ys) {
    StringBuilder points = new StringBuilder();
    for (int i = 0; i < xs.length; i++) {
      points.append(format("%.1f,%.1f ", x(xs[i]), y(ys[i])));
      if (xs.length <= 12) {
        marks.add(
            format(
                "<circle cx='%.1f' cy='%.1f' r='3' fill='%s'/>",
                x(xs[i]), y(ys[i]), color(series)));
      }
    }
    marks.add(
        format(
            "<polyline points='%s' fill='none' stroke='%s' stroke-width='1.8'/>",
            points.toString().trim(), color(series)));
  }

  /** Adds one bar a value, side by side over the whole width. */
  void bars(int series, List<Double> values) {
    double step = (WIDTH - LEFT - RIGHT) / (double) Math.max(1, values.size());
    for (int i = 0; i < values.size(); i++) {
      double top = y(values.get(i));
      marks.add(
          format(
              "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='%s'/>",
              LEFT + step * i + 0.1 * step, top, 0.8 * step, HEIGHT - BOTTOM - top, color(series)));
    }
  }

  /** Returns the plot. */
  String svg() {
    StringBuilder svg = new StringBuilder();
    svg.append(
        format(
            "<svg viewBox='0 0 %d %d' width='%d' height='%d' role='img' aria-label='%s'>%n",
            WIDTH, HEIGHT, WIDTH, HEIGHT, title));
    svg.append(text(WIDTH / 2.0, 16, "middle", title));
    svg.append(text((LEFT + WIDTH) / 2.0, HEIGHT - 8, "middle", horizontal.label));
    svg.append(text(4, 16, "start", vertical.label));
    for (double tick : vertical.ticks()) {
      svg.append(rule(LEFT, y(tick), WIDTH - RIGHT, y(tick)));
      svg.append(text(LEFT - 6, y(tick) + 4, "end", number(tick)));
    }
    for (double tick : horizontal.ticks()) {
      svg.append(rule(x(tick), TOP, x(tick), HEIGHT - BOTTOM));
      svg.append(text(x(tick), HEIGHT - BOTTOM + 16, "middle", number(tick)));
    }
    marks.forEach(mark -> svg.append(mark).append('\n'));
    return svg.append("</svg>\n").toString();
  }

  private double x(double value) {
    return LEFT + horizontal.share(value) * (WIDTH - LEFT - RIGHT);
  }

  private double y(double value) {
    return HEIGHT - BOTTOM - vertical.share(value) * (HEIGHT - BOTTOM - TOP);
  }

  private static String rule(double x1, double y1, double x2, double y2) {
    return format(
        "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' stroke='#ddd'/>%n", x1, y1, x2, y2);
  }

  private static String text(double x, double y, String anchor, String text) {
    return format(
        "<text x='%.1f' y='%.1f' text-anchor='%s' font-size='12'>%s</text>%n", x, y, anchor, text);
  }

  private static String number(double value) {
    return value != 0 && Math.abs(value) < 1 ? format("%.2g", value) : format("%.4g", value);
  }

  @FormatMethod
  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
