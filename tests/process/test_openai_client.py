"""The official openai client through Sluice, as an application would use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import openai
import pytest

from lib.manifests import one_route
from lib.programs import ModelSim
from lib.sluice import Sluice

MESSAGES = [{"role": "user", "content": "Say something about water."}]


async def with_client(tmp_path: Path, use: Callable[[openai.OpenAI], None]) -> None:
    """Runs the blocking client in a thread, against one simulator behind Sluice."""
    async with ModelSim(tmp_path, "pod-a", "--model", "chat", "--model", "embed") as sim:
        async with Sluice(tmp_path, one_route([sim.address], host="localhost")) as sluice:
            client = openai.OpenAI(
                base_url=f"http://localhost:{sluice.address[1]}/v1",
                api_key="none",
                max_retries=0,
                timeout=20,
            )
            with client:
                await asyncio.to_thread(use, client)


async def test_it_completes_streams_and_lists(tmp_path: Path) -> None:
    def use(client: openai.OpenAI) -> None:
        whole = client.chat.completions.create(model="chat", messages=MESSAGES, max_tokens=8)
        text = whole.choices[0].message.content
        assert text and whole.usage and whole.usage.completion_tokens == 8
        assert whole.system_fingerprint == "pod-a"

        stream = client.chat.completions.create(
            model="chat",
            messages=MESSAGES,
            max_tokens=8,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)
        streamed = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert streamed == text
        assert chunks[-1].usage and chunks[-1].usage.total_tokens == whole.usage.total_tokens

        assert client.completions.create(model="chat", prompt="x", max_tokens=3).choices[0].text
        assert [model.id for model in client.models.list()] == ["chat", "embed"]
        vector = client.embeddings.create(model="embed", input=["a", "b"]).data
        assert len(vector) == 2 and len(vector[0].embedding) == 16

    await with_client(tmp_path, use)


async def test_errors_arrive_as_the_clients_own_exceptions(tmp_path: Path) -> None:
    def use(client: openai.OpenAI) -> None:
        with pytest.raises(openai.NotFoundError) as missing:
            client.chat.completions.create(model="nope", messages=MESSAGES)
        assert missing.value.code == "model_not_found"
        elsewhere = client.with_options(default_headers={"Host": "elsewhere.example"})
        with pytest.raises(openai.NotFoundError) as unrouted:
            elsewhere.models.list()
        assert unrouted.value.code == "no_host"
        assert unrouted.value.request_id

    await with_client(tmp_path, use)
