"""Checks that OpenAI's Python client works against a base URL: client.py BASE_URL [MODEL]."""

import asyncio
import json
import sys
import time

import openai

BASE = sys.argv[1]
CLIENT = openai.OpenAI(base_url=BASE, api_key="none", max_retries=0, timeout=60)
MODEL = (sys.argv[2] if len(sys.argv) > 2 else "") or CLIENT.models.list().data[0].id
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
MESSAGES = [{"role": "user", "content": "Why is the sky blue?"}]
STREAMS = 100


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def chat(**options):
    return CLIENT.chat.completions.create(
        **({"model": MODEL, "messages": MESSAGES, "max_tokens": 12} | options)
    )


def whole():
    answer = chat()
    check(answer.choices[0].message.content, "no content")
    check(answer.usage.completion_tokens > 0, "no usage")


def streamed():
    chunks = list(chat(stream=True, stream_options={"include_usage": True}))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    check(text, "no text")
    check(chunks[-1].usage and chunks[-1].usage.completion_tokens > 0, "no usage at the end")


def text_completion():
    answer = CLIENT.completions.create(model=MODEL, prompt="Once upon", max_tokens=8)
    check(answer.choices[0].text, "no text")


def tools():
    answer = chat(tools=[TOOL], tool_choice="required", max_tokens=200)
    call = answer.choices[0].message.tool_calls[0]
    check(call.function.name == "weather", "another tool")
    check("city" in json.loads(call.function.arguments), "no argument")


def tools_streamed():
    arguments, name = "", None
    for chunk in chat(tools=[TOOL], tool_choice="required", max_tokens=200, stream=True):
        for call in chunk.choices[0].delta.tool_calls or [] if chunk.choices else []:
            name = call.function.name or name
            arguments += call.function.arguments or ""
    check(name == "weather", "another tool")
    check("city" in json.loads(arguments), "no argument")


def json_mode():
    answer = chat(response_format={"type": "json_object"}, max_tokens=300)
    check(isinstance(json.loads(answer.choices[0].message.content), dict), "no JSON object")


def error_of_the_engine():
    try:
        chat(temperature=-3)
    except openai.BadRequestError as error:
        check("temperature" in str(error), "the field is not named")
    else:
        raise AssertionError("no error")


def error_of_the_router():
    try:
        chat(model="no-such-model")
    except openai.NotFoundError as error:
        check("no-such-model" in str(error), "the model is not named")
    else:
        raise AssertionError("no error")


def cancel():
    with chat(max_tokens=4000, stream=True) as stream:
        next(iter(stream))
    whole()  # And the client's connections are still good.


def raw_headers():
    answer = CLIENT.chat.completions.with_raw_response.create(
        model=MODEL, messages=MESSAGES, max_tokens=2, extra_headers={"x-request-id": "mine"}
    )
    check(answer.headers.get("x-request-id") == "mine", "the request's id is lost")


def hundred_streams():
    async def one(client, number):
        text = ""
        stream = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": f"Stream number {number}"}],
            max_tokens=40,
            stream=True,
        )
        finish = None
        async for chunk in stream:
            if chunk.choices:
                text += chunk.choices[0].delta.content or ""
                finish = chunk.choices[0].finish_reason or finish
        check(text and finish, f"stream {number} is not whole")

    async def all_of_them():
        async with openai.AsyncOpenAI(
            base_url=BASE, api_key="none", max_retries=0, timeout=60
        ) as client:
            await asyncio.gather(*(one(client, number) for number in range(STREAMS)))

    asyncio.run(all_of_them())


CHECKS = [
    whole,
    streamed,
    text_completion,
    tools,
    tools_streamed,
    json_mode,
    error_of_the_engine,
    error_of_the_router,
    cancel,
    raw_headers,
    hundred_streams,
]


def main():
    failures = 0
    for one in CHECKS:
        start = time.monotonic()
        try:
            one()
            result = "ok"
        except Exception as failure:  # One check must not hide the others.
            failures += 1
            result = f"FAILED {type(failure).__name__}: {failure}"
        print(f"  {one.__name__:22} {time.monotonic() - start:6.2f} s  {result}")
    sys.exit(1 if failures else 0)


main()
