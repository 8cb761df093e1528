# The whole project with its pinned packages; PyPI's torch brings CUDA along: this runs on CPUs and on NVIDIA GPUs.
#
#   docker build --tag serac --build-arg SERAC_COMMIT=$(git rev-parse HEAD) .
#   docker run --gpus all --volume "$PWD:/data" serac \
#       snakemake --snakefile /serac/Snakefile --cores all --configfile /serac/config/paper.yaml
#
# On clusters: apptainer build serac.sif docker-daemon://serac:latest
#              apptainer exec --nv serac.sif python -m serac.workflow.single_job jobs/train_counterfactual-paper-qa-seed0.json
FROM python:3.11-slim

RUN apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/*

WORKDIR /serac
COPY requirements.txt ./
RUN pip install --no-cache-dir --requirement requirements.txt

COPY . .
# stands beside every result; the image has no .git
ARG SERAC_COMMIT=unknown
ENV SERAC_COMMIT=$SERAC_COMMIT
RUN pip install --no-cache-dir --no-deps --editable .

# results and resources go to the folder that is mounted here
WORKDIR /data
CMD ["python", "-m", "serac.workflow.single_job", "--help"]
