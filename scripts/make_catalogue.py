"""Generate the emulator's catalogue of public models from the data of the package genai-prices.

    pip install genai-prices
    python scripts/make_catalogue.py            # writes src/root/emulator/resources/catalogue.json
    python scripts/make_catalogue.py other.json

The output depends on the version of genai-prices only.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

from genai_prices.data import providers
from genai_prices.types import ModelInfo

TARGET = Path(__file__).resolve().parent.parent / "src/root/emulator/resources/catalogue.json"

# LiteLLM's prefixes of model names, by provider ID in genai-prices.
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

# Azure serves OpenAI's models too; genai-prices does not list them again under Azure.
ALSO_SERVES = {"azure": ["openai"]}

# Bedrock's inference profiles put these prefixes before the name of a model.
PROFILES = ("global.", "regional.")

# Words in the names of models that do not read and write text, and so cannot evaluate text.
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


def is_listed(prefix: str, model: ModelInfo) -> bool:
    """Return whether the catalogue lists a model: a current text model, context window known."""
    if model.deprecated or not model.context_window or ":free" in model.id:
        return False
    # Google also serves Anthropic's models, which LiteLLM names with another prefix.
    if prefix == "gemini" and model.id.startswith("claude"):
        return False
    return not any(word in model.id for word in NO_TEXT_MODEL)


def context_windows() -> dict[str, int]:
    """Return the context window of each model, sorted by name."""
    models = {provider.id: provider.models for provider in providers}
    found: dict[str, int] = {}
    for provider, prefix in PREFIXES.items():
        for source in (provider, *ALSO_SERVES.get(provider, [])):
            for model in models[source]:
                if is_listed(prefix, model):
                    name = model.id
                    for profile in PROFILES:
                        name = name.removeprefix(profile)
                    # Some of Perplexity's IDs include the prefix.
                    name = f"{prefix}/{name.removeprefix(f'{prefix}/')}"
                    found.setdefault(name, model.context_window or 0)
    return dict(sorted(found.items()))


def main() -> None:
    """Write the catalogue and print how many models it has."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    names = {provider.id: provider.name for provider in providers}
    models = context_windows()
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
