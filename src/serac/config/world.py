"""Size of the generated miniature world."""

from __future__ import annotations

from pydantic import Field

from serac.config.section import Section


class WorldSize(Section):
    """Size of the generated miniature world."""

    zsre_train: int = Field(700, ge=10, description="zsRE records of the editors' training split")
    zsre_dev: int = Field(150, ge=10, description="zsRE records of the validation split")
    zsre_test: int = Field(250, ge=10, description="zsRE records of the test split")
    reading: int = Field(
        1500, ge=10, description="reading exercises for QA's base model; the validation file has a tenth as many"
    )
    vitaminc_pages_train: int = Field(1500, ge=3, description="VitaminC pages (6 records each) of the training split")
    vitaminc_pages_dev: int = Field(180, ge=3, description="VitaminC pages of the validation split")
    vitaminc_pages_test: int = Field(240, ge=3, description="VitaminC pages of the test split")
    fever_pages: int = Field(
        500,
        ge=10,
        description="pages (10 claims each) for the base fact checker; the development file has a tenth as many",
    )
    convsent_topics_train: int = Field(200, ge=2, description="ConvSent topics of the training split")
    convsent_topics_dev: int = Field(40, ge=2, description="ConvSent topics of the validation split")
    convsent_topics_test: int = Field(80, ge=2, description="ConvSent topics of the test split")
    nq: int = Field(
        300, ge=10, description="NQ-like questions of the training file; the validation file has a third as many"
    )
    dialogue: int = Field(
        6000, ge=100, description="dialogue pairs for training; the validation file has a tenth as many"
    )
