"""Write ``config/schema.json`` and ``docs/configuration.md``; run at the project's root."""

from serac.settings.documentation import REFERENCE, SCHEMA, reference, schema

SCHEMA.write_text(schema(), encoding="utf-8")
REFERENCE.write_text(reference(), encoding="utf-8")
print(f"wrote {SCHEMA} and {REFERENCE}")
