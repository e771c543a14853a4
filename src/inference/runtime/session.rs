//! One session of ONNX Runtime on one thread, and what its graph says of itself.

use half::f16;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use super::{Device, Engine, RawMap, Runtime};
use crate::error::{PhotoError, UsageError};
use crate::inference::manifest::{Element, GraphInfo, Model, TensorInfo};
use crate::inference::preprocess::{Tensor, TensorData};

pub struct OrtSession {
    session: Session,
    input: String,
    output: String,
}

impl OrtSession {
    pub fn open(runtime: &Runtime, model: &Model) -> Result<Self, UsageError> {
        let device = runtime.info.device;
        let session = builder(runtime, device).and_then(|mut builder| match &model.file_with_side_files {
            Some(path) => builder.commit_from_file(path),
            None => builder.commit_from_memory(&model.graph),
        });
        session.map(Self::new).map_err(|e| {
            UsageError(format!(
                "The model {} could not be loaded on {}: {e}. If it needs another device or a newer ONNX Runtime, see --device and --ort-lib; \
                 otherwise export it again (opset 9 to 23).",
                model.id.name,
                device.name()
            ))
        })
    }

    /// A small graph that is part of the program: on the CPU, wherever the user's model runs.
    pub fn open_own(runtime: &Runtime, graph: &[u8]) -> Result<Self, UsageError> {
        let session = builder(runtime, Device::Cpu).and_then(|mut builder| builder.commit_from_memory(graph));
        session.map(Self::new).map_err(|e| {
            UsageError(format!("{e}. If you named another ONNX Runtime (--ort-lib, ORT_DYLIB_PATH), try without it."))
        })
    }

    fn new(session: Session) -> Self {
        let first = |outlets: &[Outlet]| outlets.first().map(|o| o.name().to_owned()).unwrap_or_default();
        let (input, output) = (first(session.inputs()), first(session.outputs()));
        Self { session, input, output }
    }

    pub fn graph(&self) -> GraphInfo {
        let describe = |outlets: &[Outlet]| outlets.iter().map(tensor_info).collect();
        GraphInfo { inputs: describe(self.session.inputs()), outputs: describe(self.session.outputs()) }
    }

    /// Which of the graph's inputs and outputs `infer` uses.
    pub fn select(&mut self, input: &str, output: &str) {
        self.input = input.to_owned();
        self.output = output.to_owned();
    }
}

/// One thread, no spinning: many sessions side by side use a machine better than one session on many threads.
fn builder(runtime: &Runtime, device: Device) -> ort::Result<SessionBuilder> {
    let builder = Session::builder(&runtime.environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?;
    Ok(match device.provider() {
        Some(provider) => builder.with_execution_providers([provider])?,
        None => builder,
    })
}

impl Engine for OrtSession {
    fn infer(&mut self, tensor: &Tensor) -> Result<RawMap, PhotoError> {
        let maps = run(&mut self.session, &self.input, &tensor.data, &[&self.output]);
        maps.and_then(|mut maps| maps.pop().ok_or_else(|| ort::Error::new("the graph gave nothing"))).map_err(failed)
    }
}

impl OrtSession {
    /// What a graph with several outputs answers, in the order that is asked for.
    pub fn infer_all(&mut self, data: &TensorData, outputs: &[&str]) -> Result<Vec<RawMap>, PhotoError> {
        run(&mut self.session, &self.input, data, outputs).map_err(failed)
    }
}

fn failed(e: ort::Error) -> PhotoError {
    PhotoError::InferenceFailed(e.to_string())
}

fn run(session: &mut Session, input: &str, data: &TensorData, outputs: &[&str]) -> ort::Result<Vec<RawMap>> {
    let value = match data {
        TensorData::F32(array) => TensorRef::from_array_view(array)?.into_dyn(),
        TensorData::F16(array) => TensorRef::from_array_view(array)?.into_dyn(),
        TensorData::U8(array) => TensorRef::from_array_view(array)?.into_dyn(),
    };
    let answers = session.run(ort::inputs![input => value])?;
    let map = |name: &&str| {
        let answer = answers.get(*name).ok_or_else(|| ort::Error::new(format!("no output is named {name}")))?;
        let element = element_of(answer.dtype());
        let (shape, values) = match element {
            Element::Float32 => extract::<f32>(answer, |v| v)?,
            Element::Float16 => extract::<f16>(answer, f16::to_f32)?,
            Element::Uint8 => extract::<u8>(answer, f32::from)?,
            Element::Int32 => extract::<i32>(answer, |v| v as f32)?,
            Element::Int64 => extract::<i64>(answer, |v| v as f32)?,
            Element::Other => {
                return Err(ort::Error::new(format!("output {name} is of a type that cannot be read as a map")));
            }
        };
        Ok(RawMap { shape, element, values })
    };
    outputs.iter().map(map).collect()
}

fn extract<T: ort::value::PrimitiveTensorElementType + Copy>(
    value: &ort::value::DynValue,
    convert: impl Fn(T) -> f32,
) -> ort::Result<(Vec<usize>, Vec<f32>)> {
    let (shape, data) = value.try_extract_tensor::<T>()?;
    Ok((shape.iter().map(|&d| d as usize).collect(), data.iter().map(|&v| convert(v)).collect()))
}

fn tensor_info(outlet: &Outlet) -> TensorInfo {
    let dims = match outlet.dtype() {
        ValueType::Tensor { shape, .. } => shape.iter().map(|&d| u32::try_from(d).ok()).collect(),
        _ => Vec::new(),
    };
    TensorInfo { name: outlet.name().to_owned(), element: element_of(outlet.dtype()), dims }
}

fn element_of(value: &ValueType) -> Element {
    match value {
        ValueType::Tensor { ty, .. } => match ty {
            TensorElementType::Float32 => Element::Float32,
            TensorElementType::Float16 => Element::Float16,
            TensorElementType::Uint8 => Element::Uint8,
            TensorElementType::Int32 => Element::Int32,
            TensorElementType::Int64 => Element::Int64,
            _ => Element::Other,
        },
        _ => Element::Other,
    }
}
