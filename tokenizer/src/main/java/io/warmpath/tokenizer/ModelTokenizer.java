package io.warmpath.tokenizer;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A model's tokenizer, as its {@code tokenizer.json} describes it, run by the library that engines
 * run. Thread-safe; blocks its thread while it encodes.
 */
public final class ModelTokenizer {

  /*
   * This is the native interface below DJL's HuggingFaceTokenizer. That class asks the native side
   * for eight arrays a text, of which two are used here, which more than doubles the time; cuts
   * texts at 512 tokens unless told otherwise; and calls its makers from a cloud's machines.
   *
   * A file may itself ask for truncation and padding, for the trainings it was made for. Engines
   * switch both off, and so does this.
   */
  private static final TokenizersLibrary LIBRARY = TokenizersLibrary.LIB;

  private static final long MAX_FILE_BYTES = 256 << 20;

  /** Frees what lies outside the heap once nobody can encode any more. */
  private static final Cleaner CLEANER = Cleaner.create();

  private final long handle;

  private ModelTokenizer(long handle) {
    this.handle = handle;
    CLEANER.register(this, () -> LIBRARY.deleteTokenizer(handle));
  }

  /**
   * A text in tokens.
   *
   * @param ids the tokens
   * @param begins where each begins in the text, in Unicode code points; -1 for a token that is
   *     none of the text's, such as the one that begins every prompt
   */
  @SuppressWarnings("ArrayRecordComponent") // A record for its shape; never compared or hashed.
  record Encoded(int[] ids, int[] begins) {}

  /**
   * Reads a {@code tokenizer.json}.
   *
   * @throws IOException when it cannot be read or is none, in one sentence that names it
   */
  public static ModelTokenizer read(Path file) throws IOException {
    String json = text(file);
    loadLibrary();
    ModelTokenizer read = new ModelTokenizer(create(file, json));
    LIBRARY.disableTruncation(read.handle);
    LIBRARY.disablePadding(read.handle);
    return read;
  }

  @SuppressWarnings("IllegalCatch") // The native side throws nothing narrower.
  private static long create(Path file, String json) throws IOException {
    try {
      return LIBRARY.createTokenizerFromString(json);
    } catch (RuntimeException refused) {
      throw new IOException(file + " is no tokenizer.json: " + refused.getMessage(), refused);
    }
  }

  private static String text(Path file) throws IOException {
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new IOException(file + " is larger than a tokenizer.json of 256 MiB");
      }
      return Files.readString(file);
    } catch (NoSuchFileException missing) {
      throw new IOException("there is no file " + file, missing);
    } catch (CharacterCodingException binary) {
      throw new IOException(file + " is no tokenizer.json: it is not UTF-8", binary);
    }
  }

  /** Unpacks and loads the native library, once; never from the network. */
  private static void loadLibrary() throws IOException {
    presume("DJL_OFFLINE", "true");
    presume("OPT_OUT_TRACKING", "true");
    presume("RUST_FLAVOR", "cpu");
    @Nullable Throwable fault = libraryFault();
    if (fault != null) {
      throw new IOException(
          "the native library of tokenizers cannot be loaded (%s); DJL_CACHE_DIR must name a"
                  .formatted(fault.getMessage())
              + " directory that can be written to and executed from",
          fault);
    }
  }

  private static @Nullable Throwable libraryFault() {
    try {
      LibUtils.checkStatus();
      return null;
    } catch (EngineException | IllegalStateException | LinkageError fault) {
      return fault;
    }
  }

  private static void presume(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /** Encodes a whole text; {@code special} adds what the model begins or ends every prompt with. */
  Encoded encode(String text, boolean special) {
    try {
      long encoding = LIBRARY.encode(handle, text, special);
      try {
        return new Encoded(
            ids(LIBRARY.getTokenIds(encoding)), begins(LIBRARY.getTokenCharSpans(encoding)));
      } finally {
        LIBRARY.deleteEncoding(encoding);
      }
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private static int[] ids(long[] wide) {
    int[] ids = new int[wide.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) wide[i];
    }
    return ids;
  }

  private static int[] begins(@Nullable CharSpan[] spans) {
    int[] begins = new int[spans.length];
    for (int i = 0; i < begins.length; i++) {
      CharSpan span = spans[i];
      begins[i] = span == null ? -1 : span.getStart();
    }
    return begins;
  }
}
