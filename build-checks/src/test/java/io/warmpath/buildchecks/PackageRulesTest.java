package io.warmpath.buildchecks;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Which package may know which. Plain tests: annotated rule fields can silently not run. */
final class PackageRulesTest {

  private static JavaClasses project;

  @BeforeAll
  static void readClasses() {
    project =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.warmpath");
    assertThat(project.size()).isGreaterThan(50);
  }

  @Test
  void hashing_knowsOnlyTheJdkAndItsHashLibrary() {
    classes()
        .that()
        .resideInAPackage("io.warmpath.hashing..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "io.warmpath.hashing..",
            "java..",
            "com.dynatrace.hash4j..",
            "org.jspecify..",
            "com.google.errorprone.annotations..")
        .check(project);
  }

  @Test
  void routing_knowsOnlyHashingAndTheJdk() {
    classes()
        .that()
        .resideInAPackage("io.warmpath.routing..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "io.warmpath.routing..",
            "io.warmpath.hashing..",
            "java..",
            "org.jspecify..",
            "com.google.errorprone.annotations..")
        .check(project);
  }

  @Test
  void routingAndHashing_readNoClockAndWriteNoLog() {
    noClasses()
        .that()
        .resideInAnyPackage("io.warmpath.routing..", "io.warmpath.hashing..")
        .and()
        .doNotHaveFullyQualifiedName("io.warmpath.routing.Ticker")
        .should()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(project);
  }

  @Test
  void routerAndAgent_doNotKnowEachOtherOrTheSimulator() {
    noClasses()
        .that()
        .resideInAPackage("io.warmpath.router..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.warmpath.agent..", "io.warmpath.simulator..", "io.warmpath.cli..")
        .check(project);
    noClasses()
        .that()
        .resideInAPackage("io.warmpath.agent..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.warmpath.router..", "io.warmpath.simulator..", "io.warmpath.cli..")
        .check(project);
  }

  @Test
  void nativeTokenizers_areKnownToTheirModuleOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.warmpath.tokenizer..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("ai.djl..")
        .check(project);
    noClasses()
        .that()
        .resideInAPackage("io.warmpath.tokenizer..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.warmpath.router..", "io.warmpath.routing..")
        .check(project);
  }

  @Test
  void modules_haveNoCycle() {
    slices().matching("io.warmpath.(*)..").should().beFreeOfCycles().check(project);
  }
}
