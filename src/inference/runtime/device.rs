//! Where the model runs. What was asked for runs, or nothing does: no silent fall-back.

use ort::ep::{
    CUDA, CoreML, DirectML, ExecutionProvider, ExecutionProviderDispatch, MIGraphX, OpenVINO, ROCm, TensorRT,
};
use serde::Serialize;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    #[default]
    Cpu,
    Cuda,
    TensorRt,
    OpenVino,
    Rocm,
    MiGraphX,
    CoreMl,
    DirectMl,
}

impl Device {
    pub const ALL: [(&str, Device); 8] = [
        ("cpu", Device::Cpu),
        ("cuda", Device::Cuda),
        ("tensorrt", Device::TensorRt),
        ("openvino", Device::OpenVino),
        ("rocm", Device::Rocm),
        ("migraphx", Device::MiGraphX),
        ("coreml", Device::CoreMl),
        ("directml", Device::DirectMl),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, device)| *device == self).map_or("cpu", |(name, _)| name)
    }

    /// The execution provider, set to fail when it cannot be registered; none for the CPU, which is always there.
    pub(super) fn provider(self) -> Option<ExecutionProviderDispatch> {
        Some(
            match self {
                Device::Cpu => return None,
                Device::Cuda => CUDA::default().build(),
                Device::TensorRt => TensorRT::default().build(),
                Device::OpenVino => OpenVINO::default().build(),
                Device::Rocm => ROCm::default().build(),
                Device::MiGraphX => MIGraphX::default().build(),
                Device::CoreMl => CoreML::default().build(),
                Device::DirectMl => DirectML::default().build(),
            }
            .error_on_failure(),
        )
    }

    /// Whether the loaded ONNX Runtime was built with it.
    pub(super) fn available(self) -> ort::Result<bool> {
        match self {
            Device::Cpu => Ok(true),
            Device::Cuda => CUDA::is_available(),
            Device::TensorRt => TensorRT::is_available(),
            Device::OpenVino => OpenVINO::is_available(),
            Device::Rocm => ROCm::is_available(),
            Device::MiGraphX => MIGraphX::is_available(),
            Device::CoreMl => CoreML::is_available(),
            Device::DirectMl => DirectML::is_available(),
        }
    }
}
