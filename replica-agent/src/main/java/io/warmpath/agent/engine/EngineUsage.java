package io.warmpath.agent.engine;

/**
 * Tokens of one request as the engine counts them.
 *
 * @param promptTokens length of the prompt
 * @param completionTokens decoded tokens
 * @param cachedTokens prompt tokens read from the prefix cache, -1 when the engine does not say
 */
public record EngineUsage(int promptTokens, int completionTokens, int cachedTokens) {}
