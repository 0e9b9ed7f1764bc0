package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.v1.Affinity;
import io.warmpath.v1.ChatMessage;
import io.warmpath.v1.ChatPrompt;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.RoutingControls;
import io.warmpath.v1.RoutingSort;
import io.warmpath.v1.SamplingParams;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that make a request. */
final class PromptOptions {

  @ArgGroup(multiplicity = "1")
  private @Var Prompt prompt = new Prompt();

  @Option(
      names = "--chat",
      description = "Sends the prompt as a user's chat message instead of plain text.")
  private @Var boolean chat;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "A system message; implies --chat.")
  private @Var @Nullable String system;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "The model. Default: the one that the fleet serves.")
  private @Var @Nullable String model;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "Most tokens to generate. Default: ${DEFAULT-VALUE}.")
  private @Var int maxTokens = 64;

  @Option(names = "--temperature", paramLabel = "T", description = "0 is greedy, at most 2.")
  private @Var @Nullable Double temperature;

  @Option(
      names = "--session",
      paramLabel = "ID",
      description = "Requests of a session stay together.")
  private @Var String session = "";

  @Option(
      names = "--prompt-cache-key",
      paramLabel = "KEY",
      description = "Requests with different keys form different families.")
  private @Var String promptCacheKey = "";

  @Option(names = "--tenant", paramLabel = "NAME", description = "Who asks.")
  private @Var String tenant = "";

  @Option(
      names = "--only",
      paramLabel = "REPLICA",
      split = ",",
      description = "Only these replicas may serve the request.")
  private @Var List<String> only = List.of();

  @Option(
      names = "--sort",
      paramLabel = "BY",
      converter = SortConverter.class,
      description =
          "Sends the request to the replica with the least first-token time (latency) or the least"
              + " pending work (throughput).")
  private @Var RoutingSort sort = RoutingSort.ROUTING_SORT_UNSPECIFIED;

  /** Where the prompt comes from. */
  static final class Prompt {

    @Option(names = "--prompt", paramLabel = "TEXT", description = "The prompt.")
    private @Var @Nullable String text;

    @Option(names = "--prompt-file", paramLabel = "FILE", description = "A file with the prompt.")
    private @Var @Nullable Path file;

    String read() throws IOException {
      if (text != null) {
        return text;
      }
      return file == null ? "" : Files.readString(file, StandardCharsets.UTF_8);
    }
  }

  /** Reads {@code latency} and {@code throughput}. */
  static final class SortConverter implements ITypeConverter<RoutingSort> {

    @Override
    public RoutingSort convert(String text) {
      return switch (text) {
        case "latency" -> RoutingSort.ROUTING_SORT_LATENCY;
        case "throughput" -> RoutingSort.ROUTING_SORT_THROUGHPUT;
        default ->
            throw new TypeConversionException(
                text + " is not allowed; allowed are latency and throughput");
      };
    }
  }

  /** Returns the request; asks the router for the model when none is named. */
  GenerateRequest request(RouterClient router) throws CommandFailure, IOException {
    if (maxTokens < 1) {
      throw CommandFailure.badInput("--max-tokens is " + maxTokens + ", it must be at least 1");
    }
    String text = prompt.read();
    if (text.isEmpty()) {
      throw CommandFailure.badInput("the prompt is empty, it must have at least one character");
    }
    SamplingParams.Builder sampling = SamplingParams.newBuilder().setMaxTokens(maxTokens);
    if (temperature != null) {
      sampling.setTemperature(temperature);
    }
    GenerateRequest.Builder request =
        GenerateRequest.newBuilder()
            .setModel(model == null ? router.onlyModel() : model)
            .setSampling(sampling)
            .setAffinity(
                Affinity.newBuilder()
                    .setSessionId(session)
                    .setPromptCacheKey(promptCacheKey)
                    .setTenant(tenant));
    request.setRouting(RoutingControls.newBuilder().addAllOnly(only).setSort(sort));
    return (chat || system != null ? request.setChat(chat(text)) : request.setText(text)).build();
  }

  private ChatPrompt chat(String text) {
    ChatPrompt.Builder messages = ChatPrompt.newBuilder();
    if (system != null) {
      messages.addMessages(ChatMessage.newBuilder().setRole("system").setContent(system));
    }
    return messages.addMessages(ChatMessage.newBuilder().setRole("user").setContent(text)).build();
  }
}
