// Checks that OpenAI's Node client works against a base URL: client.mjs BASE_URL [MODEL].

import OpenAI from "openai";

const baseURL = process.argv[2];
const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0, timeout: 60_000 });
const model = process.argv[3] || (await client.models.list()).data[0].id;
const messages = [{ role: "user", content: "Why is the sky blue?" }];
const tool = {
  type: "function",
  function: {
    name: "weather",
    description: "The weather in a city.",
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
    },
  },
};
const STREAMS = 100;

function check(condition, what) {
  if (!condition) {
    throw new Error(what);
  }
}

function chat(options, request) {
  return client.chat.completions.create(
    { model, messages, max_tokens: 12, ...options },
    request,
  );
}

async function refused(type, word, promise) {
  try {
    await promise;
  } catch (error) {
    check(error instanceof type, `${error}`);
    check(error.message.includes(word), `'${word}' is not named`);
    return;
  }
  throw new Error("no error");
}

const checks = {
  async whole() {
    const answer = await chat({});
    check(answer.choices[0].message.content, "no content");
    check(answer.usage.completion_tokens > 0, "no usage");
  },

  async streamed() {
    let text = "";
    let usage;
    for await (const chunk of await chat({
      stream: true,
      stream_options: { include_usage: true },
    })) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    check(text, "no text");
    check(usage?.completion_tokens > 0, "no usage at the end");
  },

  async tools() {
    const answer = await chat({ tools: [tool], tool_choice: "required", max_tokens: 200 });
    const call = answer.choices[0].message.tool_calls[0];
    check(call.function.name === "weather", "another tool");
    check("city" in JSON.parse(call.function.arguments), "no argument");
  },

  async toolsStreamed() {
    const stream = client.chat.completions.stream({
      model,
      messages,
      tools: [tool],
      tool_choice: "required",
      max_tokens: 200,
    });
    const call = (await stream.finalMessage()).tool_calls[0];
    check("city" in JSON.parse(call.function.arguments), "no argument");
  },

  async jsonMode() {
    const answer = await chat({ response_format: { type: "json_object" }, max_tokens: 300 });
    check(typeof JSON.parse(answer.choices[0].message.content) === "object", "no JSON object");
  },

  async responses() {
    const answer = await client.responses.create({
      model,
      input: "Hello",
      max_output_tokens: 8,
    });
    check(answer.output.length > 0, "no output");
  },

  async errorOfTheEngine() {
    await refused(OpenAI.BadRequestError, "temperature", chat({ temperature: -3 }));
  },

  async errorOfTheRouter() {
    await refused(OpenAI.NotFoundError, "no-such-model", chat({ model: "no-such-model" }));
  },

  async cancel() {
    const stream = await chat({ max_tokens: 4000, stream: true });
    for await (const chunk of stream) {
      check(chunk, "no chunk");
      stream.controller.abort();
    }
    await checks.whole(); // And the client's connections are still good.
  },

  async hundredStreams() {
    const one = async (number) => {
      let text = "";
      let finish;
      for await (const chunk of await chat({
        messages: [{ role: "user", content: `Stream number ${number}` }],
        max_tokens: 40,
        stream: true,
      })) {
        text += chunk.choices[0]?.delta.content ?? "";
        finish = chunk.choices[0]?.finish_reason ?? finish;
      }
      check(text && finish, `stream ${number} is not whole`);
    };
    await Promise.all(Array.from({ length: STREAMS }, (_, number) => one(number)));
  },
};

let failures = 0;
for (const [name, run] of Object.entries(checks)) {
  const start = performance.now();
  let result = "ok";
  try {
    await run();
  } catch (error) {
    failures += 1;
    result = `FAILED ${error}`;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(2).padStart(6);
  console.log(`  ${name.padEnd(22)} ${seconds} s  ${result}`);
}
process.exit(failures ? 1 : 0);
