"""Write the emulator's catalogue of public models from the data of the package genai-prices.

    pip install genai-prices
    python scripts/make_catalogue.py            # writes src/root/emulator/resources/catalogue.json
    python scripts/make_catalogue.py other.json

The same version of genai-prices gives the same file, byte for byte.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

from genai_prices.data import providers
from genai_prices.types import ModelInfo

TARGET = Path(__file__).resolve().parent.parent / "src/root/emulator/resources/catalogue.json"

# genai-prices' provider: the prefix that people put before a model's name, as LiteLLM has it.
PREFIXES = {
    "anthropic": "anthropic",
    "aws": "bedrock",
    "azure": "azure",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks": "fireworks_ai",
    "google": "gemini",
    "groq": "groq",
    "mistral": "mistral",
    "moonshotai": "moonshot",
    "openai": "openai",
    "perplexity": "perplexity",
    "together": "together_ai",
    "x-ai": "xai",
}

# Azure serves OpenAI's models; genai-prices says so by a fallback and does not repeat them.
ALSO_SERVES = {"azure": ["openai"]}

# Bedrock's inference profiles, not models of their own: the model is what follows.
PROFILES = ("global.", "regional.")

# A catalogue of judges: models that read text and answer in text.
NO_TEXT_MODEL = (
    "audio",
    "computer-use",
    "embed",
    "guard",
    "image",
    "live",
    "ocr",
    "orpheus",
    "realtime",
    "sonic",
    "transcribe",
    "tts",
    "voxtral",
)


def belongs(prefix: str, model: ModelInfo) -> bool:
    """Say whether a model is a current text model whose context window is known."""
    if model.deprecated or not model.context_window or ":free" in model.id:
        return False
    # Google sells Anthropic's models too, but under another prefix than its own.
    if prefix == "gemini" and model.id.startswith("claude"):
        return False
    return not any(word in model.id for word in NO_TEXT_MODEL)


def windows() -> dict[str, int]:
    """Return the context windows by model name, in alphabetical order."""
    models = {provider.id: provider.models for provider in providers}
    found: dict[str, int] = {}
    for provider, prefix in PREFIXES.items():
        for source in (provider, *ALSO_SERVES.get(provider, [])):
            for model in models[source]:
                if belongs(prefix, model):
                    name = model.id
                    for profile in PROFILES:
                        name = name.removeprefix(profile)
                    # Some of Perplexity's ids carry its name already.
                    name = f"{prefix}/{name.removeprefix(f'{prefix}/')}"
                    found.setdefault(name, model.context_window or 0)
    return dict(sorted(found.items()))


def main() -> None:
    """Write the file and say how many models it has."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    names = {provider.id: provider.name for provider in providers}
    models = windows()
    content = {
        "origin": f"genai-prices {version('genai-prices')}, made by scripts/make_catalogue.py",
        "licence": "MIT, Copyright (c) Pydantic Services Inc. 2025 to present",
        "providers": {prefix: names[provider] for provider, prefix in PREFIXES.items()},
        "models": models,
    }
    target.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{target}: {len(models)} models, {content['origin']}")


if __name__ == "__main__":
    main()
