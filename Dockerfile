# dlbench for the CPU, with all that its pages for the browser take:
#     docker build -t dlbench .
#     docker run --rm -v dlbench-data:/lab/data -v "$PWD/results:/lab/results" dlbench run tour
FROM python:3.11-slim AS build
RUN pip install --no-cache-dir uv && uv venv --python "$(command -v python)" /opt/dlbench
COPY . /src
# torch and torchvision are both taken from PyTorch's CPU index. Compiled now, as nobody can write there later.
RUN uv pip install --python /opt/dlbench --no-cache --torch-backend cpu --compile-bytecode '/src[html]'

FROM python:3.11-slim
# The number of the user who owns ./results on most Linux machines; `--build-arg USER_ID=$(id -u)` is yours.
ARG USER_ID=1000
RUN useradd --create-home --uid "$USER_ID" student && install -d -o student /lab /lab/data /lab/results
COPY --from=build /opt/dlbench /opt/dlbench
ENV PATH="/opt/dlbench/bin:$PATH" DLBENCH_DATA=/lab/data
USER student
WORKDIR /lab
VOLUME ["/lab/data", "/lab/results"]
ENTRYPOINT ["dlbench"]
CMD ["--help"]
