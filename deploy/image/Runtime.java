import java.util.Map;

/** Runs runtime.sh with the JDK that this program runs on, the one that the build found. */
final class Runtime {

  private Runtime() {}

  public static void main(String[] args) throws Exception {
    ProcessBuilder script = new ProcessBuilder(args).inheritIO();
    Map<String, String> environment = script.environment();
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    System.exit(script.start().waitFor());
  }
}
