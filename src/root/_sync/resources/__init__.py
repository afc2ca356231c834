# Generated from src/root/_async/resources/__init__.py by scripts/generate_sync.py. Do not edit.
